"""k: everything through a CONNECT proxy, under a private CA; and a proxy that refuses."""

from checks import Checks
from connect_proxy import ConnectProxy
from home import Home
from servers import Sandbox


def main():
    checks, figure = Checks("proxy"), ""
    with checks, Sandbox(tls=True) as sandbox, ConnectProxy() as proxy:
        rows = {"acme": sandbox.row("acme")}
        with Home(rows, HTTPS_PROXY=proxy.url, SSL_CERT_FILE=sandbox.ca) as home:
            through(checks, sandbox, proxy, home)
            refused(checks, sandbox, proxy, home)
        with Home(rows, HTTPS_PROXY=proxy.url) as home:
            untrusted(checks, sandbox, home)
        figure = f"{len(proxy.targets)} tunnels, {proxy.refused} refused, {len(proxy.others)} requests that were no CONNECT"
    checks.finish(figure)


def through(checks, sandbox, proxy, home):
    """Login, refresh and inference work, and nothing goes around the proxy."""
    for flow in ("paste", "device"):
        tunnels = len(proxy.targets)
        checks.done(f"login by {flow}", home.login("acme", sandbox, flow))
        checks.check(f"login by {flow} went through the proxy", len(proxy.targets) > tunnels, len(proxy.targets) - tunnels)
    for what, work in (
        ("refresh", lambda: checks.done("refresh", home.run("refresh", home.name("acme")))),
        ("inference", lambda: inference(checks, home)),
    ):
        connections, tunnels = sandbox.counters()["connections"], len(proxy.targets)
        work()
        # The two looks at the counters are connections too, of which the second is counted already.
        around = sandbox.counters()["connections"] - connections - 1 - (len(proxy.targets) - tunnels)
        checks.check(f"{what} went through the proxy", len(proxy.targets) > tunnels, len(proxy.targets) - tunnels)
        checks.equal(f"{what}: connections around the proxy", around, 0)
    checks.equal("targets", sorted(set(proxy.targets)), [sandbox.issuer.removeprefix("https://")])
    checks.equal("requests that were no CONNECT", proxy.others, [])


def inference(checks, home):
    """A plain and a streamed answer through the gateway."""
    with home.serve() as gateway:
        for stream in (False, True):
            answer = gateway.ask("through a proxy", stream)
            kind = "streamed" if stream else "plain"
            checks.check(f"a {kind} answer", answer.status == 200 and "proxy" in answer.text, answer.status)


def refused(checks, sandbox, proxy, home):
    """A proxy that says no: the token is not spent, and the next try succeeds."""
    generation = home.credential("acme")["generation"]
    before = sandbox.counters()["refreshes"]
    proxy.refuses = True
    tried = home.run("refresh", home.name("acme"), "--json")
    checks.done("refresh while the proxy refuses", tried, 5)
    checks.check("the proxy was asked", proxy.refused > 0, proxy.refused)
    checks.equal("refresh requests at the provider", sandbox.counters()["refreshes"] - before, 0)
    credential = home.credential("acme")
    checks.equal("generation", credential["generation"], generation)
    checks.check("health", credential["health"] in ("ready", "cooling"), credential["health"])
    proxy.refuses = False
    home.run("reset", home.name("acme"))
    checks.done("refresh once it passes again", home.run("refresh", home.name("acme")))
    counters = sandbox.counters()
    checks.equal("refresh requests for it", counters["refreshes"] - before, 1)
    checks.equal("reuses of a spent token", counters["refresh_reuses"], 0)


def untrusted(checks, sandbox, home):
    """Without the private CA nothing is believed."""
    before = sandbox.counters()["requests"]
    tried = home.login("acme", sandbox)
    checks.check("login without the CA is refused", tried.exit not in (0, 3), tried.exit)
    checks.equal("requests that reached the provider", sandbox.counters()["requests"] - before, 0)


if __name__ == "__main__":
    main()
