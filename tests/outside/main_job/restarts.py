"""h: the provider ended the grant: it is told once, and never asked again until a new login."""

from checks import Checks
from home import Home
from servers import Sandbox

RESTARTS = 50
KEY = "sk-sandbox-0000000000000000"
LIFETIME_SECS = 5
ROUTE = '[route]\n"grok-*" = ["acme", "acme-key"]\n'


def main():
    checks, figure = Checks("restarts"), ""
    with checks, Sandbox(access_token_lifetime_secs=LIFETIME_SECS) as sandbox:
        rows = {"acme": sandbox.row("acme"), "acme-key": sandbox.key_row("acme-key")}
        with Home(rows, ROUTE) as home:
            checks.done("login", home.login("acme", sandbox))
            checks.done("add a key", home.run("add", "acme-key", "--stdin", input=f"{KEY}\n"))
            sandbox.order("revoke")
            home.wait_past_expiry("acme")
            first = home.token("acme")
            checks.done("token after the provider revoked", first, 3)
            checks.equal("its code", first.code(), "grant-dead")
            checks.equal("refresh requests", sandbox.counters()["refreshes"], 1)
            exits = [home.token("acme").exit for _ in range(RESTARTS)]
            checks.equal(f"{RESTARTS} restarts: exits", sorted(set(exits)), [3])
            after = sandbox.counters()["refreshes"]
            checks.equal(f"refresh requests after {RESTARTS} restarts", after, 1)
            credential = home.credential("acme")
            checks.equal("health", credential["health"], "quarantined")
            checks.equal("last error", (credential["last_error"] or {}).get("verdict"), "grant-dead")
            checks.check("and its time", bool((credential["last_error"] or {}).get("at")))
            checks.done("status of the provider", home.run("status", "acme"), 3)
            key_goes_on(checks, sandbox, home)
            new_login(checks, sandbox, home)
            figure = f"{after} refresh request after {RESTARTS} restarts, key and new login work"
    checks.finish(figure)


def key_goes_on(checks, sandbox, home):
    """The dead grant takes nobody with it."""
    checks.equal("the key by `token`", home.token("acme-key").json.get("access_token"), KEY)
    with home.serve() as gateway:
        answers = [gateway.ask() for _ in range(3)]
        checks.equal("the key through the gateway", [answer.status for answer in answers], [200] * 3)
        used = {answer.headers.get("x-evergrant-provider") for answer in answers}
        checks.equal("who answered", sorted(map(str, used)), ["acme-key"])
    checks.equal("refresh requests after the gateway", sandbox.counters()["refreshes"], 1)


def new_login(checks, sandbox, home):
    """It ends the quarantine at once."""
    sandbox.order("config", access_token_lifetime_secs=600)
    checks.done("a new login", home.login("acme", sandbox))
    credential = home.credential("acme")
    checks.equal("health after it", credential["health"], "ready")
    checks.equal("last error after it", credential["last_error"], None)
    checks.done("token after it", home.token("acme"))
    checks.done("a refresh after it", home.run("refresh", home.name("acme")))
    checks.equal("grants kept", len(home.run("list", "--json").json["credentials"]), 2)


if __name__ == "__main__":
    main()
