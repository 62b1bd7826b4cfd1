"""j: logins by browser, paste and device; a thousand forged callbacks during one of them."""

import json
from collections import Counter
from urllib.parse import urlencode

import wire
from browser import Browser, query_of
from checks import Checks
from home import Home
from servers import Sandbox

FORGERIES = 1000


def main():
    checks, figure = Checks("wrong states"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        for flow in ("browser", "paste", "device"):
            checks.done(f"login by {flow}", home.login("acme", sandbox, flow))
        figure = forged(checks, sandbox, home)
    checks.finish(figure)


def forged(checks, sandbox, home):
    """A login by browser that is disturbed until the person comes."""
    arguments = ("login", "acme", "--json", "--no-browser", "--flow", "browser")
    process = home.start(*arguments)
    event = json.loads(process.stdout.readline())
    query = query_of(event["url"])
    exchanges = sandbox.counters()["token_requests"]
    answers = Counter()
    for number in range(FORGERIES):
        answers[forgery(query["redirect_uri"], query["state"], number)] += 1
    checks.equal(f"answers to {FORGERIES} forged callbacks", dict(answers), {400: FORGERIES})
    checks.equal("exchanges they caused", sandbox.counters()["token_requests"] - exchanges, 0)
    checks.check("the login still waits", process.poll() is None)
    page = Browser().visit(event["url"])
    checks.equal("the genuine callback", page.status, 200)
    run = home.ended(process, arguments)
    checks.done("the disturbed login", run)
    token = home.token("acme").json.get("access_token")
    asked = wire.get(f"{sandbox.base_url}/models", {"authorization": f"Bearer {token}"})
    checks.equal("the provider takes its token", asked.status, 200)
    return f"{answers[400]} of {FORGERIES} forged callbacks refused, the genuine one: exit {run.exit}"


def forgery(redirect_uri, state, number):
    """The status that one forged callback is answered."""
    wrong = (
        {"code": "forged", "state": f"forged-{number}"},
        {"code": "forged"},
        {"code": "forged", "state": ""},
        {"code": "forged", "state": state[:-1]},
        {"code": "forged", "state": state.swapcase()},
        {"error": "access_denied", "state": f"forged-{number}"},
        {"code": "forged", "state": f"{state}x"},
    )[number % 7]
    try:
        return wire.get(f"{redirect_uri}?{urlencode(wrong)}").status
    except OSError as error:
        return type(error).__name__


if __name__ == "__main__":
    main()
