"""d: events 4 ms apart on 64 streams: each is passed on at once, and none waits for the next."""

import sys

from bench import Stage
from checks import Checks

STREAMS = 64
PAUSE_MICROS = 4_000
# Of 50 events each, so that one round takes about a second: short enough that some are not disturbed.
STREAMS_EACH = 5
ROUNDS = 30 if "--full" in sys.argv else 12
ADDED_AT_MOST_MS = 0.5


def main():
    checks, figure = Checks("delivery"), ""
    with checks, Stage().with_gateway() as stage:
        checks.done("login", stage.logged_in)
        seen = {"direct": [], "gateway": []}
        for _ in range(ROUNDS):
            for name, rounds in seen.items():
                rounds.append(listen(stage.targets[name]))
        for name, rounds in seen.items():
            checks.equal(f"{name}: streams that broke", sum(one["errors"] for one in rounds), 0)
        # A disturbance makes a round slower and none makes it faster: the best of the rounds is what a hop costs.
        best = {name: min(rounds, key=lambda one: one["delay"]["p99"]) for name, rounds in seen.items()}
        delay = lambda name, figure: best[name]["delay"][figure] / 1000
        added = delay("gateway", "p99") - delay("direct", "p99")
        pieces = {name: min(one["reads"]["p50"] for one in rounds) for name, rounds in seen.items()}
        checks.equal("pieces of a stream, as directly", pieces["gateway"], pieces["direct"])
        checks.check(f"added delay p99 <= {ADDED_AT_MOST_MS} ms", added <= ADDED_AT_MOST_MS, f"{added:.2f} ms")
        events = sum(one["delay"]["count"] for one in seen["gateway"])
        figure = (
            f"{STREAMS} streams, {events} events {PAUSE_MICROS // 1000} ms apart: "
            f"delay p50 {delay('direct', 'p50'):.2f} -> {delay('gateway', 'p50'):.2f} ms, "
            f"p99 {delay('direct', 'p99'):.2f} -> {delay('gateway', 'p99'):.2f} ms, added {added:.2f} ms; "
            f"{pieces['gateway']} pieces a stream, as directly"
        )
    checks.finish(figure)


def listen(target):
    """What the clients of one round saw."""
    counts = ("--connections", str(STREAMS), "--rounds", str(STREAMS_EACH), "--pause", str(PAUSE_MICROS))
    return target.clients("streams", *counts)


if __name__ == "__main__":
    main()
