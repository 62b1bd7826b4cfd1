"""m: a gateway is told to end, again and again, and reads its files a hundred times, while it is asked without a pause."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter

from checks import Checks
from home import Home
from processes import PATIENCE_SECS, Child, evergrant
from servers import Sandbox

CLIENTS = 32
# Of these, so many read streams, which are under way for a while.
STREAMING = 8
RESTARTS = 10
ENDINGS = 5
RELOADS = 100
# Between two of what is done to the gateway: long enough that every client has asked several times.
PAUSE_SECS = 0.2


class Load:
    """Clients that ask one question after the other, each on a connection that is kept for as long as the gateway keeps it."""

    def __init__(self, address, reconnect=True):
        host, port = address.rsplit(":", 1)
        self.address, self.reconnect = (host, int(port)), reconnect
        self.answers, self.stopped, self.closes = Counter(), False, 0

    async def __aenter__(self):
        self.clients = [asyncio.create_task(self.client(number < STREAMING)) for number in range(CLIENTS)]
        return self

    async def __aexit__(self, *_):
        self.stopped = True
        await asyncio.gather(*self.clients)

    async def client(self, streaming):
        request = question(self.address, streaming)
        while not self.stopped:
            try:
                reader, writer = await asyncio.open_connection(*self.address)
            except ConnectionRefusedError:
                # Nothing was sent: whoever ends for good refuses.
                self.answers["refused" if self.reconnect else "not there any more"] += 1
                if not self.reconnect:
                    return
                continue
            except OSError as error:
                self.answers[f"not connected: {type(error).__name__}"] += 1
                continue
            closes = False
            while not self.stopped and not closes:
                try:
                    writer.write(request)
                    said, closes = await asyncio.wait_for(answer(reader), PATIENCE_SECS)
                except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as error:
                    said, closes = f"broken: {type(error).__name__}", True
                self.answers[said] += 1
                self.closes += closes
            writer.close()
            if closes and not self.reconnect:
                return

    def failed(self):
        """What was no good answer."""
        return {said: count for said, count in self.answers.items() if said not in ("good", "not there any more")}


def question(address, streaming):
    body = json.dumps({"model": "grok-4.3", "stream": streaming, "messages": [{"role": "user", "content": "hello"}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{address[1]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def answer(reader):
    """Reads one whole answer: whether it was good, and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = b""
        while size := int((await reader.readline()).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    status = int(head.split()[1])
    whole = b"[DONE]" in body if "event-stream" in headers.get("content-type", "") else bool(json.loads(body))
    said = "good" if status == 200 and whole else f"status {status}{'' if whole else ', cut'}"
    return said, headers.get("connection") == "close"


class Activated(Child):
    """`evergrant serve` on a socket that somebody else listens on as well, as a service manager starts it."""

    def __init__(self, home, listening):
        handed = 'exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"'
        command = ["sh", "-c", handed, evergrant(), "serve", "--json"]
        self.process = subprocess.Popen(command, env=home.variables, stdin=listening, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.said = json.loads(self.process.stdout.readline())


async def ended(process):
    """Waits for its end without keeping the clients from theirs; answers the exit code and how long it took."""
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < PATIENCE_SECS:
        await asyncio.sleep(0.01)
    return process.poll(), time.monotonic() - began


async def restarts(checks, home):
    """Told to end under load, and started again on the same socket: nobody is even refused."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    address = "{}:{}".format(*listening.getsockname())
    gateway, exits, longest = Activated(home, listening), Counter(), 0.0
    async with Load(address) as load:
        for _ in range(RESTARTS):
            await asyncio.sleep(PAUSE_SECS)
            gateway.process.send_signal(signal.SIGTERM)
            exit, took = await ended(gateway.process)
            exits[exit], longest = exits[exit] + 1, max(longest, took)
            gateway = await asyncio.to_thread(Activated, home, listening)
        await asyncio.sleep(PAUSE_SECS)
    gateway.process.send_signal(signal.SIGTERM)
    gateway.process.wait()
    listening.close()
    checks.equal(f"exits of {RESTARTS} that were told to end", dict(exits), {0: RESTARTS})
    checks.equal(f"{load.answers['good']} answers over {RESTARTS} restarts, {load.closes} of them the last of a connection: failed", load.failed(), {})
    return load, longest


async def endings(checks, home):
    """Told to end for good: whatever was sent over a connection is answered."""
    good, exits = 0, Counter()
    for _ in range(ENDINGS):
        gateway = await asyncio.to_thread(home.serve)
        async with Load(gateway.said["address"], reconnect=False) as load:
            await asyncio.sleep(PAUSE_SECS * 3)
            gateway.process.send_signal(signal.SIGTERM)
            exit, _ = await ended(gateway.process)
            exits[exit] += 1
            await asyncio.gather(*load.clients)
        gateway.end()
        good += load.answers["good"]
        checks.equal("told to end for good: failed", load.failed(), {})
    checks.equal("their exits", dict(exits), {0: ENDINGS})
    return good


async def reloads(checks, home):
    """Its files are read again, changed by half and by signal in turn."""
    row, extra = (home.path / "providers.d" / "acme.toml").read_text(), home.path / "providers.d" / "extra.toml"
    with home.serve() as gateway:
        async with Load(gateway.said["address"]) as load:
            for number in range(RELOADS):
                extra.write_text(row.replace('id = "acme"', 'id = "extra"') + f"\n# {number}\n")
                # Every tenth time with a mistake, which changes nothing.
                if number % 10 == 5:
                    extra.write_text("id = ")
                gateway.process.send_signal(signal.SIGHUP)
                await asyncio.sleep(PAUSE_SECS / 2)
        checks.check("it still serves", gateway.process.poll() is None)
        checks.equal(f"{load.answers['good']} answers over {RELOADS} reloads: failed", load.failed(), {})
    return load.answers["good"]


def main():
    checks, figure = Checks("ending"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        load, longest = asyncio.run(restarts(checks, home))
        good = asyncio.run(endings(checks, home))
        reread = asyncio.run(reloads(checks, home))
        figure = (
            f"{RESTARTS} restarts ({load.answers['good']} answers, longest drain {longest:.1f} s), {ENDINGS} endings ({good} answers),"
            f" {RELOADS} reloads ({reread} answers): {sum(load.failed().values())} failed requests"
        )
        checks.equal("spent refresh tokens", sandbox.counters()["refresh_reuses"], 0)
    checks.finish(figure)


if __name__ == "__main__":
    sys.exit(main())
