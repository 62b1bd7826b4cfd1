"""evergrant against `oidc-provider`, with an ordinary row: logins, renewal, a storm at expiry, an unknown outcome, a replay, logout."""

from checks import Checks
from foreign import StrictServer
from home import Home
from killed import without_grace
from ordinary import access_token, expiries, kept, logins, logout, renewals
from storming import LONG_SECS, SHORT_SECS


def main():
    checks = Checks("strict")
    with checks, StrictServer() as server, Home(server.rows()) as home:
        logins(checks, server, home)
        renewals(checks, server, home)
        expiries(checks, server, home, count=2)
        without_grace(checks, server, home)
        theft(checks, server, home)
        refresh_token = logout(checks, server, home, kept(server))
        checks.equal("the refresh token is refused now", server.spend(refresh_token).error(), "invalid_grant")
    checks.finish()


def sent(server):
    """How many refreshes the server has seen."""
    return len(server.refreshes())


def theft(checks, server, home):
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
    checks.check("the server takes the new token", server.accepts(access_token(home, "strict")))


if __name__ == "__main__":
    main()
