"""h: twenty turns of a chat in a terminal, through two deaths of the token, a title, a summary, another size, and a resumption."""

import os
import re
import sqlite3
import time
from pathlib import Path

from checks import Checks
from home import Home
from processes import evergrant
from servers import Sandbox
from tmux import Terminal

TURNS = 20
SETTLED_SECS = 2
DEATHS = (6, 13)
IDLE = "Enter sends, Alt-Enter begins a new line, /help"
FRAMES = Path(__file__).parent / "frames"
CONFIG = '[chat]\nprovider = "acme"\nmodel = "grok-4.3"\nwindow_tokens = 1000\n'


def main():
    checks, figure = Checks("chat"), ""
    patience = 15 if "EVERGRANT_BROKEN" in os.environ else 60
    with checks, Sandbox(gap_ms=5) as sandbox, Home({"acme": sandbox.row("acme")}, CONFIG) as home:
        checks.done("login", home.login("acme", sandbox))
        with Terminal(home.variables) as terminal:
            figure = lead(checks, sandbox, home, terminal, patience)
    checks.finish(figure)


def lead(checks, sandbox, home, terminal, patience):
    terminal.type(f"clear; {evergrant()} chat 2>/dev/null; echo left with $?")
    checks.check("it begins", same(terminal, terminal.wait("/help lists what can be done", seconds=patience), "begins"))
    for turn in range(1, TURNS + 1):
        if turn in DEATHS:
            sandbox.order("expire")
        terminal.type(said(turn))
        terminal.wait(f"You said: {said(turn)}", IDLE, seconds=patience)
        if turn == 1:
            checks.check("a title appears", same(terminal, terminal.wait(" You said: turn 1", seconds=patience), "title"))
        if turn == DEATHS[0]:
            checks.check("a repair is a quiet line", same(terminal, terminal.wait("repaired: the login was renewed"), "repaired"))
    checks.check("a summary appears", any("messages were summed up" in frame for frame in terminal.frames))
    checks.check("the last of twenty turns", same(terminal, terminal.wait(IDLE), "twenty"))
    terminal.resize(200, 60)
    large = terminal.wait(said(TURNS), said(8), IDLE, seconds=patience)
    checks.check("the same at 200x60", same(terminal, large, "large"))
    terminal.resize(80, 24)
    checks.check("and at 80x24 again", same(terminal, terminal.wait(IDLE, without=[said(8)]), "twenty"))
    terminal.type("/credentials")
    checks.check("credentials are shown", same(terminal, terminal.wait("acme/default  ready"), "credentials"))
    terminal.type("/quit")
    terminal.wait("left with 0", seconds=patience)
    checks.equal("the screen is the shell's again", terminal.state("alternate_on"), "0")
    resume(checks, terminal, patience)
    return account(checks, sandbox, home, terminal)


def resume(checks, terminal, patience):
    """From the list, and everything that was said is there."""
    terminal.type(f"clear; {evergrant()} chat --resume 2>/dev/null; echo left again with $?")
    checks.check("a list to resume from", same(terminal, terminal.wait("resume:", seconds=patience), "list"))
    terminal.keys("Enter")
    checks.check("it is resumed", same(terminal, terminal.wait(f"You said: {said(TURNS)}", IDLE, seconds=patience), "resumed"))
    rows = []
    terminal.keys("C-Home")
    terminal.wait(f"> {said(1)}", seconds=patience)
    for _ in range(TURNS):
        frame = terminal.wait(IDLE)
        rows += [row for row in frame.splitlines() if row not in rows]
        if "rows below" not in frame:
            break
        terminal.keys("PageDown")
        terminal.wait(IDLE, without=[frame], seconds=patience)
    missing = [turn for turn in range(1, TURNS + 1) if f"> {said(turn)}" not in rows or f"  You said: {said(turn)}" not in rows]
    checks.equal("turns that the resumed transcript lacks", missing, [])
    terminal.type("one turn more")
    terminal.wait("You said: one turn more", IDLE, seconds=patience)
    terminal.keys("C-c")
    terminal.wait("Ctrl-C once more leaves")
    terminal.keys("C-c")
    terminal.wait("left again with 0", seconds=patience)


def account(checks, sandbox, home, terminal):
    counters = sandbox.counters()
    checks.equal("refresh requests", counters["refreshes"], len(DEATHS))
    checks.equal("reuses of a spent token", counters["refresh_reuses"], 0)
    errors = sum("error:" in frame or "\n!" in frame for frame in terminal.frames)
    checks.equal("frames that show an error", errors, 0)
    with sqlite3.connect(home.path / "history.db") as history:
        kept = history.execute("SELECT text, ending FROM message ORDER BY number").fetchall()
        title, = history.execute("SELECT title FROM conversation").fetchone()
        summaries, = history.execute("SELECT COUNT(*) FROM summary").fetchone()
    turns = [said(turn) for turn in range(1, TURNS + 1)] + ["one turn more"]
    wanted = [(text, "whole") for turn in turns for text in (turn, f"You said: {turn}")]
    checks.check("the kept transcript is complete", kept == wanted, f"{len(kept)} messages")
    checks.check("the title is kept", title.startswith("You said: turn 1"), title)
    return (
        f"{TURNS} turns, the token died {len(DEATHS)} times, {counters['refreshes']} refreshes, {summaries} summaries, "
        f"{errors} errors shown in {len(terminal.frames)} frames, {len(kept)} messages kept"
    )


def said(turn):
    return f"turn {turn}: tell me all about number {turn}, and why it is said to be {'odd' if turn % 2 else 'even'}"


def same(terminal, frame, name):
    """Whether the frame is, or soon is, the one that is kept under this name; `EVERGRANT_FRAMES=keep` keeps it instead."""
    path = FRAMES / f"{name}.txt"
    if os.environ.get("EVERGRANT_FRAMES") == "keep":
        time.sleep(SETTLED_SECS)
        path.write_text(masked(terminal.shown()))
    end = time.monotonic() + SETTLED_SECS
    wanted = path.read_text() if path.exists() else ""
    # A frame may have been read while it was drawn.
    while masked(frame) != wanted and time.monotonic() < end:
        time.sleep(0.03)
        frame = terminal.shown()
    if masked(frame) != wanted:
        print(f"the frame `{name}` is another one:\n{frame}", flush=True)
    return masked(frame) == wanted


def masked(frame):
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "YYYY-MM-DD hh:mm", frame).rstrip() + "\n"


if __name__ == "__main__":
    main()
