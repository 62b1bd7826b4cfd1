"""h: the token dies in the middle of full load; nobody sees an error, and the second in which it is renewed is not slow."""

import time

from bench import Stage
from checks import Checks

CONNECTIONS = 64
SECONDS = 6
# What a provider takes to answer a renewal.
RENEWAL_MS = 300


def main():
    checks, figure = Checks("renewal under load"), ""
    with checks, Stage().with_gateway() as stage:
        checks.done("login", stage.logged_in)
        stage.sandbox.order("scenario", name="token-slow", delay_ms=RENEWAL_MS)
        before = stage.sandbox.counters()["refreshes"]
        began = time.monotonic()
        seen = stage.targets["gateway"].clients(
            "load", "--connections", str(CONNECTIONS), "--seconds", str(SECONDS), "--refuse-at", stage.address
        )
        took = time.monotonic() - began
        checks.check("the load ran", took >= SECONDS and seen["all"]["count"] > 1000, seen["all"])
        checks.equal("errors", (seen["errors"], seen["first_error"]), (0, None))
        checks.equal("renewals", stage.sandbox.counters()["refreshes"] - before, 1)
        slowest = seen["second"]["max"] / 1000
        checks.check("whoever met the dead token waited for the renewal", slowest >= RENEWAL_MS, f"{slowest:.0f} ms")
        p99 = seen["second"]["p99"] / 1000
        checks.check("p99 of that second <= 2 x the renewal", p99 <= 2 * RENEWAL_MS, f"{p99:.1f} ms")
        figure = (
            f"{seen['all']['count']} requests, {seen['errors']} errors, 1 renewal of {RENEWAL_MS} ms; "
            f"that second p50 {seen['second']['p50'] / 1000:.2f}, p99 {p99:.1f}, slowest {slowest:.0f} ms"
        )
    checks.finish(figure)


if __name__ == "__main__":
    main()
