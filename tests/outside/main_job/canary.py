"""m: every secret that was ever made here is looked for in everything that was said, logged, shown and left lying about."""

import base64
import json
import re
from urllib.parse import parse_qsl, quote, quote_plus

import wire
from browser import Browser, query_of
from checks import Checks
from home import Home
from servers import Sandbox

KEY = "sk-sandbox-0000000000000000"
SECRET_FIELDS = ("code", "code_verifier", "refresh_token", "device_code")
LIFETIME_SECS = 5
# A piece of a secret this long in a log is a leak too; 8 hex digits of a fingerprint are not a piece.
PIECE = 12
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{16,}\.")


def main():
    checks, figure = Checks("canary"), ""
    with checks, Sandbox(api_keys=[KEY]) as sandbox:
        rows = {"acme": sandbox.row("acme"), "acme-key": sandbox.key_row("acme-key")}
        with Home(rows, EVERGRANT_LOG="trace", RUST_LOG="trace", RUST_BACKTRACE="full") as home:
            secrets, said = live(checks, sandbox, home)
            checks.check("secrets collected", len(secrets) >= 12, len(secrets))
            checks.check("the log is at TRACE", any("TRACE" in text or "DEBUG" in text for text in said.values()))
            found = leaks(secrets, said)
            checks.equal("places that show a secret", found, [])
            size = sum(len(text) for text in said.values())
            figure = f"{len(secrets)} secrets, {len(said)} texts of {size} bytes, {len(found)} occurrences"
    checks.finish(figure)


def live(checks, sandbox, home):
    """A life with every kind of trouble; the secrets it made, and all that was said."""
    secrets, pages = {"API key": KEY}, {}
    errors = open(home.path / "gateway.stderr", "w+", encoding="utf-8")
    for flow in ("paste", "device"):
        checks.done(f"login by {flow}", home.login("acme", sandbox, flow, "-vvv"))
    browser_login(checks, home, secrets, pages)
    wrong_paste(home, secrets)
    home.run("add", "acme-key", "--stdin", "-vvv", input=f"{KEY}\n")
    tokens(home, secrets)
    home.run("refresh", home.name("acme"), "-vvv")
    tokens(home, secrets)
    with home.serve("-vvv", log=errors) as gateway:
        talk(sandbox, gateway, pages)
        tokens(home, secrets)
    for scenario in ("token-500", "token-other-400", "token-html-200", "token-array", "token-redirect", "answer-cut", "token-invalid-grant"):
        sandbox.order("scenario", name=scenario, times=1)
        home.run("refresh", home.name("acme"), "--json", "-vvv")
    for command in ("status", "list", "doctor", "providers"):
        for arguments in ((command,), (command, "--json")):
            home.run(*arguments, "-vvv")
    home.run("status", "acme", "--json", "-vvv")
    captured(sandbox, secrets)
    home.run("explain", "--provider", "acme", "--status", "403", "-vvv", input=json.dumps({"error": f"refused {secrets['refresh_token 1']}"}))
    key = (home.path / "key").read_bytes().strip()
    secrets["store key"] = key.decode("ascii", "ignore") if key.isascii() else key.hex()
    secrets["store key in base64"] = base64.b64encode(key).decode()
    home.run("logout", home.name("acme"), "-vvv")
    home.run("remove", home.name("acme-key"), "-vvv")
    return secrets, texts(home, pages, errors)


def browser_login(checks, home, secrets, pages):
    """The page a browser ends at."""
    arguments = ("login", "acme", "--json", "--no-browser", "--flow", "browser", "-vvv")
    process = home.start(*arguments)
    event = json.loads(process.stdout.readline())
    secrets["state of the browser login"] = query_of(event["url"])["state"]
    callback, _ = Browser().redirected_to(event["url"])
    forged = callback.replace("state=", "state=x")
    pages["page for a forged callback"] = shown(wire.get(forged))
    pages["page for the callback"] = shown(wire.get(callback))
    checks.done("login by browser", home.ended(process, arguments))


def wrong_paste(home, secrets):
    """What is pasted wrongly is a secret too."""
    secrets["pasted code"] = "a-pasted-code-that-nobody-issued"
    arguments = ("login", "acme", "--json", "--no-browser", "--flow", "paste", "--timeout", "3", "-vvv")
    process = home.start(*arguments)
    event = json.loads(process.stdout.readline())
    state = query_of(event["url"])["state"]
    home.ended(process, arguments, f"?code={secrets['pasted code']}&state={state}\n")


def tokens(home, secrets):
    """The access tokens of now; these runs are allowed to say them, on stdout."""
    for provider in ("acme", "acme-key"):
        run = home.token(provider, "-vvv")
        token = run.json.get("access_token")
        if token:
            secrets.setdefault(f"access token {token[-4:]}" if provider == "acme" else "API key", token)
            run.stdout = run.stdout.replace(token, "")


def talk(sandbox, gateway, pages):
    """Repairs, refusals and the gateway's own pages."""
    sandbox.order("expire")
    gateway.ask()
    for scenario in ("entitlement", "rate-limit", "edge-html", "stale-401", "stream-cut"):
        sandbox.order("scenario", name=scenario, times=1)
        for stream in (False, True):
            try:
                pages[f"answer under {scenario} {stream}"] = shown(gateway.ask("hello", stream))
            except OSError:
                pass
            except Exception as error:  # a cut answer is an error of the client's library
                pages[f"error under {scenario}"] = str(error)
    for path in ("/", "/healthz", "/readyz", "/metrics", "/v1/models", "/v1/nothing", "/p/acme/models", "/p/nobody/models"):
        pages[path] = shown(wire.get(f"{gateway.base_url}{path}"))
    bad = wire.send("POST", f"{gateway.base_url}/v1/chat/completions", b"{", {"authorization": f"Bearer {KEY}"})
    pages["answer to a broken request"] = shown(bad)


def captured(sandbox, secrets):
    """What the token endpoint was sent: codes, verifiers, refresh tokens, device codes."""
    for request in sandbox.look("token-requests"):
        for name, value in parse_qsl(request["body"]):
            if name in SECRET_FIELDS and value not in secrets.values():
                secrets[f"{name} {sum(key.startswith(name) for key in secrets) + 1}"] = value


def shown(reply):
    return f"{reply.headers}\n{reply.text}"


def texts(home, pages, errors):
    """All that was said, by where it stood; the store's own files must not show one either."""
    said = dict(pages)
    for number, run in enumerate(home.logged):
        name = f"run {number}: {' '.join(run.arguments)}"
        said[f"{name}, stdout"] = run.stdout
        said[f"{name}, stderr"] = run.stderr
    errors.close()
    for path in home.path.rglob("*"):
        if path.is_file() and path.name != "key":
            said[str(path.relative_to(home.path))] = path.read_bytes().decode("latin-1")
    return said


def leaks(secrets, said):
    """Where a secret, an encoding of it, or its beginning or end stands."""
    found = []
    for name, secret in secrets.items():
        forms = {secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode(), secret[-PIECE:]}
        # A JWT begins as every other does.
        if not secret.startswith("eyJ"):
            forms.add(secret[:PIECE])
        for place, text in said.items():
            # The address of a login shows its state: the person has to open it.
            if "state" in name and "stdout" in place and '"event":"authorize"' in text:
                continue
            if any(form in text for form in forms):
                found.append(f"{name} in {place}")
    # Id tokens are kept by nobody here, but look like any other JWT.
    found += [f"a JWT in {place}" for place, text in said.items() if JWT.search(text)]
    return found


if __name__ == "__main__":
    main()
