"""A process that dies after the server has taken its refresh token and before the answer is kept: the outcome is unknown."""

import time

from ordinary import access_token, kept
from processes import PATIENCE_SECS
from storming import LONG_SECS, SHORT_SECS, chained

# Long enough for the checks of a busy machine while the old token serves, short enough to wait for its end.
SERVING_SECS = 15
# The answer comes long after the kill.
ANSWER_AFTER_MS = 10_000
CALLERS = 8
# Between the kill and the replay: more than the whole seconds in which ends are written.
LATER_SECS = 4


def kill_midway(server, home, *arguments, lifetime_secs=LONG_SECS):
    """Starts a run and kills it when the server has rotated for it; what the server booked."""
    server.steer(refresh_delay_ms=ANSWER_AFTER_MS, access_token_lifetime_secs=lifetime_secs)
    seen = len(server.refreshes())
    process = home.start(*arguments)
    until = time.monotonic() + PATIENCE_SECS
    while len(server.refreshes()) == seen and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    home.ended(process, arguments)
    server.steer(refresh_delay_ms=0)
    return server.refreshes()[seen:]


def without_grace(checks, server, home):
    """No replay while the old access token serves; one when nothing is left to lose, and then the server's word is the end."""
    name = kept(server)
    server.steer(access_token_lifetime_secs=SERVING_SECS)
    checks.done("killed: a token for a while", home.run("refresh", name))
    serving = access_token(home, name)
    taken = kill_midway(server, home, "refresh", name)
    if not checks.equal("killed: the server had rotated", [each["status"] for each in taken], [200]):
        return
    checks.equal("killed: health", home.credential(server.name)["health"], "outcome-unknown")
    forced = home.run("refresh", name, "--json")
    checks.done("killed: a forced refresh", forced, 5)
    checks.equal("killed: its code", forced.code(), "outcome-unknown")
    runs = home.at_once(CALLERS, "token", name, "--json")
    checks.equal(f"killed: exits of {CALLERS} callers", {run.exit for run in runs}, {0})
    checks.check("killed: all with the old token", {run.json.get("access_token") for run in runs} == {serving})
    checks.check("killed: which the server takes", server.accepts(serving))
    checks.equal("killed: health after them", home.credential(server.name)["health"], "outcome-unknown")
    checks.equal("killed: requests meanwhile", len(server.refreshes()) - server.refreshes().index(taken[0]), 1)
    home.wait_past_expiry(server.name)
    lapsed = home.token(name)
    checks.done("killed: token when the old one has lapsed", lapsed, 3)
    checks.equal("killed: its code then", lapsed.code(), "grant-dead")
    replays = server.refreshes()[server.refreshes().index(taken[0]) + 1 :]
    checks.equal("killed: one replay, refused", [each["status"] for each in replays], [400])
    checks.check("killed: of the same token", all(each["sent"] == taken[0]["sent"] for each in replays))
    checks.equal("killed: health at the end", home.credential(server.name)["health"], "quarantined")
    server.steer(access_token_lifetime_secs=LONG_SECS)
    checks.done("killed: login again", home.login(server.name, server, "paste"))
    checks.equal("killed: health after it", home.credential(server.name)["health"], "ready")


def within_grace(checks, server, home):
    """The replay is answered the pair that was lost, and the grant lives; whoever asks for it."""
    name = kept(server)
    for what, callers in (("one caller", 1), (f"{CALLERS} callers", CALLERS)):
        server.steer(access_token_lifetime_secs=SHORT_SECS)
        checks.done(f"killed, {what}: a token that lapses", home.run("refresh", name))
        home.wait_past_expiry(server.name)
        taken = kill_midway(server, home, "token", name, "--json")
        if not checks.equal(f"killed, {what}: the server had rotated", [each["status"] for each in taken], [200]):
            return
        checks.equal(f"killed, {what}: health", home.credential(server.name)["health"], "outcome-unknown")
        answered(checks, server, home, what, taken, home.at_once(callers, "token", name, "--json"))
    checks.done("killed, forced: a token that serves", home.run("refresh", name))
    taken = kill_midway(server, home, "refresh", name)
    if not checks.equal("killed, forced: the server had rotated", [each["status"] for each in taken], [200]):
        return
    checks.equal("killed, forced: health", home.credential(server.name)["health"], "outcome-unknown")
    time.sleep(LATER_SECS)
    checks.done("killed, forced: again, inside the grace", home.run("refresh", name))
    answered(checks, server, home, "forced", taken, home.at_once(1, "token", name, "--json"))
    lost_and_lapsed(checks, server, home)


def lost_and_lapsed(checks, server, home):
    """The replay brings a token that has lapsed since the kill: nobody is given it, it is renewed once more."""
    name = kept(server)
    server.steer(access_token_lifetime_secs=SERVING_SECS)
    checks.done("killed, lapsed: a token that lapses", home.run("refresh", name))
    taken = kill_midway(server, home, "refresh", name, lifetime_secs=SERVING_SECS)
    if not checks.equal("killed, lapsed: the server had rotated", [each["status"] for each in taken], [200]):
        return
    # What was lost was made after what is kept, by no more than it takes to kill.
    home.wait_past_expiry(server.name)
    time.sleep(LATER_SECS)
    runs = home.at_once(CALLERS, "token", name, "--json")
    log = server.refreshes()
    since = log[log.index(taken[0]) :]
    checks.equal("killed, lapsed: exits", {run.exit for run in runs}, {0})
    checks.check(
        "killed, lapsed: one replay, answered the same pair, and one refresh with it",
        len(since) == 3 and since[1] == since[0] and chained(since[1:]),
        since,
    )
    tokens = {run.json.get("access_token") for run in runs}
    checks.check("killed, lapsed: the server takes their one token", len(tokens) == 1 and all(map(server.accepts, tokens)))


def answered(checks, server, home, what, taken, runs):
    """One replay, the same pair, a working token, and a grant that can be renewed again."""
    name = kept(server)
    log = server.refreshes()
    since = log[log.index(taken[0]) :]
    checks.equal(f"killed, {what}: exits", {run.exit for run in runs}, {0})
    checks.check(f"killed, {what}: one replay, answered the same pair", len(since) == 2 and since[1] == since[0], since)
    tokens = {run.json.get("access_token") for run in runs}
    checks.check(f"killed, {what}: the server takes their one token", len(tokens) == 1 and all(map(server.accepts, tokens)))
    checks.equal(f"killed, {what}: health after it", home.credential(server.name)["health"], "ready")
    # The replay was answered a whole `expires_in` again, but the token is as old as the first send.
    late = home.expires_at(server.name) - max(map(server.ends_at, tokens))
    checks.check(f"killed, {what}: not served past its end at the server", late <= 1, f"{late:+.0f} s")
    checks.done(f"killed, {what}: a further refresh", home.run("refresh", name))
    checks.check(f"killed, {what}: spends what was answered", chained(server.refreshes()[-2:]))
