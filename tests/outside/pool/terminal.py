"""i: a model that tries to steer the terminal, pastes that do, ten megabytes, cuts, and every way of leaving."""

import json
import os
import re
import signal
import socketserver
import threading

from checks import Checks
from home import Home
from processes import evergrant
from tmux import Terminal

IDLE = "Enter sends, Alt-Enter begins a new line, /help"
STEERING = (
    "\x1b[2J\x1b[H\x1b]0;stolen\x07\x1b]52;c;c3RvbGVu\x07\x1b[?1049l\x1b[?25l\x1b[?2004l\x1bc\x1b(0\x07\u009b2J\u202eevil\u202c"
)
CONFIG = '[chat]\nprovider = "raw"\nmodel = "raw-1"\n[tasks]\ntitle = { enabled = false }\n'
MEGABYTES = 10
SMALL = 8_000
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:[34][0-8]|9\d|10\d)(?:;\d+)*m")


def main():
    checks, figure = Checks("terminal"), ""
    with checks, Raw() as provider, Home({"raw": provider.row()}, CONFIG) as home:
        checks.done("a key", home.run("add", "raw", "--stdin", input="sk-raw-0000000000000000\n"))
        with Terminal(home.variables) as terminal:
            one_answer(checks, terminal)
            undrawable(checks, terminal)
            modes = shell(terminal)
            steered(checks, terminal)
            large(checks, terminal)
            cut(checks, terminal)
            leave(checks, terminal, modes, "by command", lambda: terminal.type("/quit"))
            begin(terminal)
            leave(checks, terminal, modes, "by Ctrl-D", lambda: terminal.keys("C-d"))
            for name in ("SIGTERM", "SIGHUP"):
                begin(terminal)
                leave(checks, terminal, modes, f"by {name}", lambda: os.kill(child(terminal), signal.Signals[name]))
        too_long(checks, home)
        without_colour(checks, home)
        figure = f"{STEERING.count(chr(27))} sequences in answer and paste, {MEGABYTES} MB, a cut, 4 ways of leaving: terminal intact"
    checks.finish(figure)


def one_answer(checks, terminal):
    """Straight to the terminal, without a screen of the chat's own between them."""
    title = terminal.state("pane_title")
    terminal.type(f"clear; echo first; {evergrant()} chat steer; echo left with $?")
    frame = terminal.wait("left with 0")
    checks.check("one answer: what is said stands there", "first" in frame and "before" in frame and "after" in frame)
    checks.equal("one answer: the title", terminal.state("pane_title"), title)
    checks.equal("one answer: the cursor", terminal.state("cursor_flag"), "1")
    checks.check("one answer: no bell rang", terminal.state("window_bell_flag") == "0")


def undrawable(checks, terminal):
    """Where nothing can be drawn, and where stdout is a file, the question is written line by line."""
    for way, command in (("dumb", f"TERM=dumb {evergrant()} chat"), ("into a pipe", f"{evergrant()} chat | cat")):
        terminal.type(f"clear; {command}; echo left with $?")
        terminal.wait("write what to ask")
        terminal.type(f"hello, {way}")
        terminal.keys("C-d")
        frame = terminal.wait(f"You said: hello, {way}", "left with 0")
        checks.check(f"{way}: a question and its answer, line by line", "/help" not in frame)


def too_long(checks, home):
    """With a model whose window is smaller than what was set: room is made, and the conversation goes on."""
    with Terminal(home.variables) as terminal:
        begin(terminal, "-m raw-small")
        for turn in range(3):
            terminal.paste(f"question {turn}: " + "word " * 600)
            terminal.wait("word word", IDLE)
            terminal.keys("Enter")
            if turn < 2:
                terminal.wait(f"You said: question {turn}", IDLE)
        terminal.wait("the conversation is too long", "to make room; /retry asks again", "messages were summed up for the model")
        terminal.type("/retry")
        frame = terminal.wait("You said: question 2", IDLE)
        checks.check("a conversation that was too long goes on", "messages were summed up" in frame)
        terminal.type("/quit")
        terminal.wait("left with 0")


def without_colour(checks, home):
    """On a terminal of somebody who wants none."""
    with Terminal(home.variables | {"NO_COLOR": "1"}) as terminal:
        begin(terminal)
        terminal.type("hello")
        terminal.wait("You said: hello", IDLE)
        terminal.type("cut")
        terminal.wait("[cut off", IDLE)
        drawn = terminal.tmux("capture-pane", "-p", "-e")
        checks.equal("colours where none are wanted", COLOUR.findall(drawn), [])
        terminal.type("/quit")
        terminal.wait("left with 0")


def shell(terminal):
    """What the shell's terminal is like before, and a chat begun in it."""
    terminal.type("stty -g; echo modes")
    frame = terminal.wait("\nmodes")
    modes = next(row for row in frame.splitlines() if row.count(":") > 20)
    begin(terminal)
    return modes


def begin(terminal, *arguments):
    terminal.type(f"clear; {' '.join((evergrant(), 'chat', *arguments))} 2>/dev/null; echo left with $?")
    terminal.wait("/help lists what can be done")


def child(terminal):
    """The process that has the terminal."""
    shell_pid = terminal.state("pane_pid")
    with open(f"/proc/{shell_pid}/task/{shell_pid}/children") as children:
        return int(children.read().split()[0])


def steered(checks, terminal):
    title = terminal.state("pane_title")
    terminal.type("steer")
    frame = terminal.wait("before", "after", IDLE)
    checks.check("what is said stands there", "before" in frame and "evil" in frame and "after" in frame)
    checks.equal("the title", terminal.state("pane_title"), title)
    checks.equal("the clipboard", terminal.tmux("list-buffers").strip(), "")
    checks.equal("the chat's screen", terminal.state("alternate_on"), "1")
    checks.equal("the cursor", terminal.state("cursor_flag"), "1")
    checks.check("no bell rang", terminal.state("window_bell_flag") == "0")
    terminal.paste(f"pasted{STEERING}\nin two lines")
    terminal.wait("> pasted", "in two lines")
    checks.equal("the title after a paste", terminal.state("pane_title"), title)
    terminal.keys("Enter")
    terminal.wait("You said: pasted", IDLE)
    terminal.type("/copy")
    terminal.wait("handed to the terminal's clipboard")


def large(checks, terminal):
    terminal.type("megabytes")
    terminal.wait("the very end", IDLE, seconds=120)
    checks.check("ten megabytes to the very end", True)
    terminal.keys("C-Home")
    terminal.wait("before", "after")
    terminal.resize(200, 60)
    terminal.wait("before", "after")
    terminal.resize(80, 24)
    terminal.keys("C-End")
    checks.check("and to either end at another size", "the very end" in terminal.wait("the very end"))


def cut(checks, terminal):
    terminal.type("cut")
    frame = terminal.wait("[cut off: the rest of the answer is missing]", IDLE)
    checks.check("a cut is marked, and what came stands there", "half an answ" in frame)
    checks.check("and what helps is said", "error: " in frame and "help: " in frame)


def leave(checks, terminal, modes, way, go):
    go()
    terminal.wait("left with")
    terminal.type("stty -g; echo modes again")
    frame = terminal.wait("\nmodes again")
    checks.check(f"left {way}: the terminal's modes", modes in frame)
    checks.equal(f"left {way}: the shell's screen", terminal.state("alternate_on"), "0")
    checks.equal(f"left {way}: the cursor", terminal.state("cursor_flag"), "1")


class Raw(socketserver.ThreadingTCPServer):
    """A provider that answers a word with what it stands for."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def row(self):
        address = f"127.0.0.1:{self.server_address[1]}"
        return (
            f'id = "raw"\nname = "Raw"\nbase_url = "http://{address}/v1"\nhosts = ["127.0.0.1"]\n'
            'auth = "api-key"\nkey_env = ["EVERGRANT_OUTSIDE_RAW_KEY"]\nmodels = ["raw-*"]\n'
        )

    def __exit__(self, *arguments):
        self.shutdown()
        super().__exit__(*arguments)


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        length = 0
        for line in iter(self.rfile.readline, b"\r\n"):
            if not line:
                return
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = json.loads(self.rfile.read(length))
        if body["model"] == "raw-small" and sum(len(message["content"]) for message in body["messages"]) > SMALL:
            return self.refuse()
        asked = body["messages"][-1]["content"]
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        try:
            for text in texts(asked):
                self.event(json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}))
            if asked != "cut":
                self.event("[DONE]")
        except OSError:
            # Whoever has left hears no more.
            pass

    def refuse(self):
        error = {"message": "This model's maximum context length is 2000 tokens", "code": "context_length_exceeded"}
        body = json.dumps({"error": error}).encode()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close"
        self.wfile.write(f"{head}\r\n\r\n".encode() + body)

    def event(self, data):
        self.wfile.write(f"data: {data}\n\n".encode())


def texts(asked):
    """The pieces of an answer."""
    if asked == "steer":
        # Every sequence is also cut in its middle.
        return ["before ", *STEERING, " after"]
    if asked == "megabytes":
        line = "a line of an answer that goes on and on and on and on and on and on and on\n"
        return [line * 1000] * (MEGABYTES * 1_000_000 // (len(line) * 1000) + 1) + ["the very end"]
    if asked == "cut":
        return ["half ", "an answ"]
    return [f"You said: {asked[:60]}"]


if __name__ == "__main__":
    main()
