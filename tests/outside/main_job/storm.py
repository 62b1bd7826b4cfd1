"""d: many requests in one gateway hit one dead token at once."""

import threading
from collections import Counter

from checks import Checks
from home import Home
from servers import Sandbox

REQUESTS = 256


def main():
    checks, figure = Checks("storm"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        with home.serve() as gateway:
            checks.equal("a request before", gateway.ask().status, 200)
            sandbox.order("expire")
            # Late enough that all of them are refused before the first renewal has ended.
            sandbox.order("scenario", name="token-slow", delay_ms=1500)
            answers = at_once(gateway)
        counters = sandbox.counters()
        checks.equal("answers by status", dict(Counter(answers)), {200: REQUESTS})
        checks.equal("refresh requests", counters["refreshes"], 1)
        checks.equal("reuses of a spent token", counters["refresh_reuses"], 0)
        good = answers.count(200)
        figure = f"{REQUESTS} requests, {good} good answers, {counters['refreshes']} refresh request"
    checks.finish(figure)


def at_once(gateway):
    """The status of each answer, or the name of what went wrong instead."""
    answers = []
    ready = threading.Barrier(REQUESTS)

    def one(number):
        ready.wait()
        try:
            answers.append(gateway.ask(f"request {number}").status)
        except OSError as error:
            answers.append(type(error).__name__)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(REQUESTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


if __name__ == "__main__":
    main()
