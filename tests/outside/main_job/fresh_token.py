"""g: the provider's edge does not know a fresh token yet."""

import time

from checks import Checks
from home import Home
from servers import Sandbox

# The wait is 250 ms to 1 s; the rest is for a busy machine.
MOST_SECS = 5


def main():
    checks, figure = Checks("fresh token"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        sandbox.order("scenario", name="fresh-token-refused")
        checks.done("login", home.login("acme", sandbox))
        with home.serve() as gateway:
            began = time.monotonic()
            answer = gateway.ask()
            took = time.monotonic() - began
        counters = sandbox.counters()
        checks.equal("status at the client", answer.status, 200)
        checks.check("one wait", 0.25 <= took < MOST_SECS, f"{took:.2f} s")
        checks.equal("requests at the provider", counters["inference_requests"], 2)
        checks.equal("refresh requests", counters["refreshes"], 0)
        credential = home.credential("acme")
        checks.equal("health", credential["health"], "ready")
        checks.equal("cooling until", credential["until"], None)
        figure = f"a good answer after {took:.2f} s, {counters['refreshes']} refresh requests, no penalty"
    checks.finish(figure)


if __name__ == "__main__":
    main()
