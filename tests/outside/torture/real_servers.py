"""m: servers that no one here wrote, one that revokes at a replay and one with a grace: many processes at each expiry, and processes that die midway."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from checks import Checks
from foreign import GraceServer, StrictServer
from home import Home
from killed import within_grace, without_grace
from ordinary import access_token, kept
from storming import LONG_SECS, chained, storm

PROCESSES = 64
EXPIRIES, EXPIRIES_FULL = 10, 200


def main():
    expiries = EXPIRIES_FULL if "--full" in sys.argv else EXPIRIES
    with ThreadPoolExecutor(2) as both:
        parts = [
            both.submit(course, "strict", StrictServer, without_grace, expiries),
            both.submit(course, "grace", GraceServer, within_grace, expiries),
        ]
    figures, whole = [], Checks("real servers")
    for checks, figure in (part.result() for part in parts):
        whole.passed += checks.passed
        whole.failed += checks.failed
        figures.append(figure)
    whole.finish("; ".join(figures))


def course(name, server_class, after_a_kill, expiries):
    """One server: a login, the expiries, a kill, and a grant that is alive at the end."""
    checks, figure = Checks(name), f"{name}: no figure"
    with checks, server_class() as server, Home(server.rows()) as home:
        checks.done("login", home.login(name, server, "paste", "--label", "paste"))
        figure = f"{name}: {expire(checks, server, home, expiries)}"
        after_a_kill(checks, server, home)
        alive(checks, server, home)
    return checks, figure


def expire(checks, server, home, expiries):
    """So many storms, until one goes wrong; what they came to."""
    began, storms, wrong = time.monotonic(), [], []
    while len(storms) < expiries and not wrong:
        storms.append(storm(server, home, kept(server), PROCESSES))
        # At once, because a server may end this token when it gives the next.
        wrong = faults(server, storms[-1])
    checks.equal(f"expiries with {PROCESSES} processes", len(storms), expiries)
    for fault in wrong:
        checks.check(f"expiry {len(storms)}", False, fault)
    refreshes = sum(len(each.refreshes) for each in storms)
    checks.equal("refreshes the server saw at them", refreshes, expiries)
    checks.equal("refreshes it refused at all", server.counters().get("refreshes_refused", 0), 0)
    checks.check("each spent what the one before was answered", chained(server.refreshes()))
    alive(checks, server, home)
    served = sum(len(each.runs) - len(each.failed) for each in storms)
    return (
        f"{len(storms)} expiries, {refreshes} refreshes, {served} of {len(storms) * PROCESSES} processes with the one token, "
        f"slowest storm {max(each.took_secs for each in storms):.1f} s, {time.monotonic() - began:.0f} s in all"
    )


def faults(server, last):
    """What is wrong with a storm, in words."""
    found = []
    if last.failed:
        found.append(f"{len(last.failed)} without a token, the first: {last.failed[0]}")
    if [each["status"] for each in last.refreshes] != [200]:
        found.append(f"refreshes by status: {[each['status'] for each in last.refreshes]}")
    if len(last.tokens) != 1:
        found.append(f"{len(last.tokens)} different tokens")
    elif not all(map(server.accepts, last.tokens)):
        found.append("the server refuses the token")
    return found


def alive(checks, server, home):
    """A further renewal works, and so does its token."""
    server.steer(access_token_lifetime_secs=LONG_SECS)
    checks.done("a further refresh", home.run("refresh", kept(server)))
    checks.check("the server takes its token", server.accepts(access_token(home, kept(server))))
    checks.equal("health", home.credential(server.name).get("health"), "ready")


if __name__ == "__main__":
    main()
