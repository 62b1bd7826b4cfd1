"""l: reading changes nothing: no request, and not one byte of the store."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from checks import Checks
from home import Home
from processes import evergrant
from servers import Sandbox

READERS = (("status",), ("status", "--json"), ("status", "acme", "--json"), ("list",), ("list", "--json"), ("doctor",), ("doctor", "--json"))
LIFETIME_SECS = 4


def main():
    checks, figure = Checks("read only"), ""
    with checks:
        reads = beside_gateway(checks) + after_kill(checks)
        figure = f"{reads} reads: 0 requests, evergrant.db unchanged"
    checks.finish(figure)


def beside_gateway(checks):
    """A gateway runs; first with a good token, then with one that has expired and cannot be renewed."""
    with Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        with home.serve() as gateway:
            checks.equal("a request through the gateway", gateway.ask().status, 200)
            reads = read(checks, "beside a gateway", sandbox, home)
        sandbox.order("config", access_token_lifetime_secs=LIFETIME_SECS)
        checks.done("a short token", home.run("refresh", home.name("acme")))
        sandbox.order("revoke")
        home.wait_past_expiry("acme")
        # Told that the grant is dead, the keeper of the gateway rests: whatever is counted from here on came from reading.
        checks.done("token of a dead grant", home.token("acme"), 3)
        with home.serve() as gateway:
            checks.check("a request is refused", gateway.ask().status != 200)
            reads += read(checks, "beside a gateway, expired", sandbox, home)
    return reads


def after_kill(checks):
    """The gateway was killed in the middle, its write-ahead log is still there, the token has expired."""
    with Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        sandbox.order("config", access_token_lifetime_secs=LIFETIME_SECS)
        checks.done("login", home.login("acme", sandbox))
        gateway = home.serve()
        gateway.ask()
        gateway.kill()
        home.wait_past_expiry("acme")
        reads = read(checks, "after a kill, expired", sandbox, home)
        opened(checks, home)
        return reads


def read(checks, when, sandbox, home):
    """Every reader twice; the provider's count and the file's hash must stay."""
    requests, kept = sandbox.counters()["requests"], digest(home)
    for arguments in READERS * 2:
        run = home.run(*arguments)
        if run.exit not in (0, 1, 3):
            checks.done(f"{when}: {' '.join(arguments)}", run)
    checks.equal(f"{when}: requests to the provider", sandbox.counters()["requests"] - requests, 0)
    checks.check(f"{when}: evergrant.db unchanged", digest(home) == kept)
    return len(READERS) * 2


def digest(home):
    return hashlib.sha256((home.path / "evergrant.db").read_bytes()).hexdigest()


def opened(checks, home):
    """By the system calls: the store is opened for reading only."""
    if not shutil.which("strace"):
        print("     read only: no strace here, so the flags of open are not looked at")
        return
    for arguments in (("status",), ("list",), ("doctor",)):
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace"
            command = ["strace", "-f", "-e", "trace=open,openat,openat2", "-o", str(trace), evergrant(), *arguments]
            subprocess.run(command, env=home.variables, capture_output=True, timeout=60, check=False)
            calls = re.findall(r'"[^"]*/evergrant\.db"[^=]*', trace.read_text())
            writing = [call for call in calls if "O_RDONLY" not in call]
            checks.check(f"{arguments[0]} opens evergrant.db read-only", bool(calls) and not writing, f"{len(calls)} opens, {writing or 'none for writing'}")


if __name__ == "__main__":
    main()
