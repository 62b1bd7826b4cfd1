"""e: a plan that lacks, money that ended, a refusal without a word: what is renewed, what the client sees, what status says."""

import wire
from checks import Checks
from home import Home
from servers import Sandbox

# Scenario, most refreshes it may cost, the verdict that status must show.
REFUSALS = (
    ("entitlement", 0, "not-entitled"),
    ("entitlement-resources", 0, "not-entitled"),
    ("spending-limit", 0, "out-of-credit"),
    ("bare-403", 1, "not-entitled"),
)


def main():
    checks, figure = Checks("entitlement"), []
    with checks:
        for scenario, most, verdict in REFUSALS:
            figure.append(f"{scenario}: {refused(checks, scenario, most, verdict)}")
    checks.finish(f"refresh requests: {', '.join(figure)}")


def refused(checks, scenario, most, verdict):
    """One refusal in a home of its own, asked three times; how many refreshes it cost."""
    with Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done(f"{scenario}: login", home.login("acme", sandbox))
        token = home.token("acme").json["access_token"]
        sandbox.order("scenario", name=scenario)
        body = {"model": "grok-4.3", "messages": [{"role": "user", "content": "hello"}]}
        bearer = {"authorization": f"Bearer {token}"}
        own = wire.post_json(f"{sandbox.base_url}/chat/completions", body, bearer)
        with home.serve() as gateway:
            first = gateway.ask()
            checks.equal(f"{scenario}: status at the client", first.status, own.status)
            checks.equal(f"{scenario}: body at the client", first.text, own.text)
            for _ in range(2):
                gateway.ask()
        refreshes = sandbox.counters()["refreshes"]
        checks.check(f"{scenario}: refresh requests, at most {most}", refreshes <= most, refreshes)
        credential = home.credential("acme")
        last = credential.get("last_error") or {}
        checks.equal(f"{scenario}: verdict in status", last.get("verdict"), verdict)
        remedy = credential.get("remedy") or {}
        checks.check(f"{scenario}: remedy in status", bool(remedy.get("sentence")), remedy.get("sentence"))
        checks.check(f"{scenario}: another login is not advised", remedy.get("kind") != "login", remedy.get("kind"))
        return refreshes


if __name__ == "__main__":
    main()
