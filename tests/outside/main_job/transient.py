"""i: whatever goes wrong at the token endpoint short of a proof of death: the old token serves, the grant lives, the next try succeeds."""

import time

from checks import Checks
from home import Home
from servers import Sandbox

LIFETIME_SECS = 12
# Scenario, its parameters, the exits a forced refresh may have.
FAULTS = (
    ("token-other-400", {}, (5,)),
    ("token-403-html", {}, (5,)),
    ("token-429", {"retry_after_secs": 1}, (5,)),
    ("token-500", {}, (5,)),
    ("token-503", {}, (5,)),
    ("token-temporarily-unavailable", {}, (5,)),
    # Gives up after 3 s without a word, as a proxy does.
    ("token-hang", {"secs": 3}, (5,)),
)
# Backoff and the 10 s a caller may wait for a replay.
PATIENCE_SECS = 40


def main():
    checks, figure = Checks("transient"), []
    with checks:
        for scenario, parameters, exits in FAULTS:
            figure.append(f"{scenario} exit {fault(checks, scenario, parameters, exits)}")
    checks.finish(", ".join(figure))


def fault(checks, scenario, parameters, exits):
    """One fault in a home of its own; the exit of the refresh that met it."""
    with Sandbox(access_token_lifetime_secs=LIFETIME_SECS) as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done(f"{scenario}: login", home.login("acme", sandbox))
        before = home.credential("acme")
        old = home.token("acme").json["access_token"]
        sandbox.order("scenario", name=scenario, **parameters)
        forced = home.run("refresh", home.name("acme"), "--json")
        checks.check(f"{scenario}: a forced refresh, exit {exits}", forced.exit in exits, forced)
        during = home.token("acme")
        checks.done(f"{scenario}: token while the old one is valid", during)
        checks.equal(f"{scenario}: it is the old one", during.json.get("access_token") == old, True)
        credential = home.credential("acme")
        checks.check(f"{scenario}: health", credential["health"] not in ("quarantined", "needs-login"), credential["health"])
        checks.equal(f"{scenario}: generation", credential["generation"], before["generation"])
        # An endpoint that may have moved is looked up again and asked once more.
        most = 2 if scenario == "token-403-html" else 1
        sent = sandbox.counters()["refreshes"]
        checks.check(f"{scenario}: requests, at most {most}", 1 <= sent <= most, sent)
        sandbox.disarm()
        sandbox.order("config", access_token_lifetime_secs=600)
        home.wait_past_expiry("acme")
        until = time.monotonic() + PATIENCE_SECS
        after = home.token("acme")
        while after.exit == 5 and time.monotonic() < until:
            time.sleep(0.5)
            after = home.token("acme")
        checks.done(f"{scenario}: the next try", after)
        checks.check(f"{scenario}: a new token", after.json.get("access_token") not in (None, old))
        alive = [family["alive"] for family in sandbox.look("state")["families"]]
        checks.equal(f"{scenario}: the grant at the provider lives", alive, [True])
        return forced.exit


if __name__ == "__main__":
    main()
