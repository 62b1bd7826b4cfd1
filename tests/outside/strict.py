"""evergrant against `oidc-provider`, with an ordinary row: login, renewal, a storm at expiry, a replay, logout."""

import sys

from checks import Checks
from home import Home
from servers import StrictServer

PROCESSES = 8
# Short enough to wait for, long enough that a busy machine does not renew between two steps.
SHORT_SECS = 8
LONG_SECS = 600


def main():
    checks = Checks("strict")
    with checks, StrictServer() as server, Home({"strict": server.row("strict")}) as home:
        logins(checks, server, home)
        renewals(checks, server, home)
        storm(checks, server, home, expiries=20 if "--full" in sys.argv else 2)
        replay(checks, server, home)
        logout(checks, server, home)
    checks.finish()


def sent(server):
    """How many refreshes the server has seen."""
    return server.counters().get("refreshes", 0)


def logins(checks, server, home):
    """By paste, by browser and by device; the newest under its own label."""
    for flow in ("paste", "browser", "device"):
        login = home.login("strict", server, flow, "--label", flow)
        checks.done(f"login by {flow}", login)
        token = home.token(f"strict/{flow}")
        checks.check(f"the server takes the token of {flow}", server.accepts(token.json.get("access_token")))
    for label in ("browser", "device"):
        checks.done(f"logout of {label}", home.run("logout", f"strict/{label}"))
    checks.equal("refreshes so far", sent(server), 0)


def renewals(checks, server, home):
    """Not unless needed; when forced; when expired."""
    before = home.token("strict").json
    again = home.token("strict").json
    checks.check("asked again, the same token", "access_token" in again and again["access_token"] == before.get("access_token"))
    generation = home.credential("strict")["generation"]
    checks.done("a forced refresh", home.run("refresh", "strict/paste"))
    after = home.token("strict").json
    checks.check("gives another token", after.get("access_token") != before.get("access_token"))
    checks.check("which the server takes", server.accepts(after.get("access_token")))
    checks.equal("generations gone by", home.credential("strict")["generation"] - generation, 1)
    checks.equal("refreshes after the forced one", sent(server), 1)


def storm(checks, server, home, expiries):
    """Every process finds the token expired at once; one renews, all get the same token."""
    for turn in range(1, expiries + 1):
        server.steer(access_token_lifetime_secs=SHORT_SECS)
        home.run("refresh", "strict/paste")
        home.wait_past_expiry("strict")
        server.steer(access_token_lifetime_secs=LONG_SECS, refresh_delay_ms=500)
        before = sent(server)
        arguments = ("token", "strict", "--json")
        started = [home.start(*arguments) for _ in range(PROCESSES)]
        runs = [home.ended(process, arguments) for process in started]
        server.steer(refresh_delay_ms=0)
        failed = [run for run in runs if run.exit != 0]
        checks.check(f"expiry {turn}: {PROCESSES} processes, all with a token", not failed, f"{len(failed)} failed: {failed[0]}" if failed else "")
        checks.equal(f"expiry {turn}: refreshes", sent(server) - before, 1)
        tokens = {run.json.get("access_token") for run in runs}
        checks.check(f"expiry {turn}: they are one", len(tokens) == 1)
        checks.check(f"expiry {turn}: the server takes it", all(server.accepts(token) for token in tokens))


def replay(checks, server, home):
    """A thief spends the token first: the server kills the grant, evergrant says so and stays quiet."""
    server.steer(access_token_lifetime_secs=SHORT_SECS)
    home.run("refresh", "strict/paste")
    stolen = server.spend(server.newest_refresh_token())
    checks.equal("the thief's refresh", stolen.status, 200)
    home.wait_past_expiry("strict")
    before = sent(server)
    dead = home.token("strict")
    checks.done("token after the theft", dead, 3)
    checks.check("it names the cause", dead.code() in ("grant-dead", "needs-login"), dead.code())
    command = dead.json.get("error", {}).get("remedy", {}).get("command")
    checks.equal("it names the command", command, "evergrant login strict --label paste")
    checks.equal("requests for it", sent(server) - before, 1)
    checks.equal("the thief is out as well", server.spend(stolen.json["refresh_token"]).error(), "invalid_grant")
    before = sent(server)
    again = [home.token("strict").exit for _ in range(3)]
    checks.equal("three more tries: exits", again, [3, 3, 3])
    checks.done("a forced refresh", home.run("refresh", "strict/paste", "--json"), 3)
    checks.equal("requests for all of them", sent(server) - before, 0)
    checks.done("status", home.run("status", "strict", "--json"), 3)
    checks.equal("status: health", home.credential("strict")["health"], "quarantined")
    server.steer(access_token_lifetime_secs=LONG_SECS)
    checks.done("login again", home.login("strict", server, "paste"))
    known = home.run("list", "--json").json.get("credentials", [])
    checks.equal("credentials after it", [each["health"] for each in known], ["ready"])
    checks.equal("its last error", known[0]["last_error"] if known else "no credential", None)
    checks.check("the server takes the new token", server.accepts(home.token("strict").json.get("access_token")))


def logout(checks, server, home):
    """Both tokens are refused afterwards."""
    token = home.token("strict").json.get("access_token")
    refresh_token = server.newest_refresh_token()
    before = server.counters().get("revocations", 0)
    checks.done("logout", home.run("logout", "strict/paste"))
    checks.check("it revoked at the server", server.counters().get("revocations", 0) > before)
    checks.check("the access token is refused now", not server.accepts(token))
    checks.equal("the refresh token is refused now", server.spend(refresh_token).error(), "invalid_grant")
    none = home.token("strict")
    checks.done("token after logout", none, 3)
    checks.equal("token after logout: code", none.code(), "no-credential")


if __name__ == "__main__":
    main()
