"""What every authorization server is put through: a login each way, renewals, a storm at expiry, logout."""

from storming import LONG_SECS, chained, storm

PROCESSES = 8
FLOWS = ("paste", "browser", "device")
# The grant that stays when the logins have been shown.
KEPT = "paste"


def logins(checks, server, home):
    """Each way under its own label, renewed once, and all but one logged out again."""
    for flow in FLOWS:
        name = f"{server.provider(flow)}/{flow}"
        checks.done(f"login by {flow}", home.login(server.provider(flow), server, flow, "--label", flow))
        checks.check(f"the server takes the token of {flow}", server.accepts(access_token(home, name)))
    checks.equal("refreshes so far", len(server.refreshes()), 0)
    for flow in FLOWS:
        name = f"{server.provider(flow)}/{flow}"
        checks.done(f"a refresh of {flow}", home.run("refresh", name))
        token = access_token(home, name)
        checks.check("the server takes its token", server.accepts(token) and server.active(token))
        if flow != KEPT:
            logout(checks, server, home, name)
    checks.equal("refreshes by status", [each["status"] for each in server.refreshes()], [200] * len(FLOWS))


def renewals(checks, server, home):
    """Not unless needed; when forced; a rotation each time, in the server's own log."""
    name = kept(server)
    before, seen = access_token(home, name), len(server.refreshes())
    checks.check("asked again, the same token", before and access_token(home, name) == before)
    generation = home.credential(server.name)["generation"]
    for _ in range(3):
        checks.done("a forced refresh", home.run("refresh", name))
    after = access_token(home, name)
    checks.check("gives another token", after != before)
    checks.check("which the server takes", server.accepts(after))
    checks.equal("generations gone by", home.credential(server.name)["generation"] - generation, 3)
    log = server.refreshes()[seen:]
    checks.equal("refreshes the server saw", [each["status"] for each in log], [200] * 3)
    checks.check("each spent what the one before was answered", chained(log), log)


def expiries(checks, server, home, count):
    """Every process finds the token expired at once; one renews, all get the same token."""
    for turn in range(1, count + 1):
        seen = storm(server, home, kept(server), PROCESSES)
        said = f"{len(seen.failed)} failed: {seen.failed[0]}" if seen.failed else ""
        checks.check(f"expiry {turn}: {PROCESSES} processes, all with a token", not seen.failed, said)
        checks.equal(f"expiry {turn}: refreshes", [each["status"] for each in seen.refreshes], [200])
        checks.equal(f"expiry {turn}: different tokens", len(seen.tokens), 1)
        checks.check(f"expiry {turn}: the server takes it", all(server.accepts(token) for token in seen.tokens))
    server.steer(access_token_lifetime_secs=LONG_SECS)


def logout(checks, server, home, name):
    """Both tokens are dead at the server afterwards."""
    token = access_token(home, name)
    refresh_token = server.newest_refresh_token()
    before = server.counters().get("revocations", 0)
    checks.done(f"logout of {name}", home.run("logout", name))
    checks.check("it revoked at the server", server.counters().get("revocations", 0) > before)
    checks.check("the access token is refused now", token and not server.accepts(token))
    checks.check("and called inactive", not server.active(token))
    none = home.token(name)
    checks.done("token after logout", none, 3)
    checks.equal("token after logout: code", none.code(), "no-credential")
    return refresh_token


def kept(server):
    """The name of the grant that stays."""
    return f"{server.name}/{KEPT}"


def access_token(home, name):
    """The access token that `token` gives."""
    return home.token(name).json.get("access_token")
