"""g: ten thousand streams that say nothing, a gateway that does nothing, and how fast it listens."""

import asyncio
import json
import multiprocessing
import resource
import statistics
import time

from checks import Checks
from home import Home
from processes import Child, evergrant

STREAMS = 10_000
# What each costs, both connections together.
STREAM_KIB = 20
# A gateway that has served a request and does nothing.
IDLE_MIB = 15
LISTENING_MS = 50
CREDENTIALS = 100
STARTS = 15
# Opened at a time: fewer than a backlog holds.
AT_ONCE = 200
# How long a stream may take to begin, while so many others do.
BEGINS_SECS = 20
# As most systems begin; what it needs beyond that the gateway has to ask for itself.
SOFT_FILES = 1024
# Two files for each stream, and what the gateway has open besides.
OWN_FILES = 160

EVENT = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    + f"{len(EVENT):x}\r\n".encode()
    + EVENT
    + b"\r\n"
)
WHOLE = b'{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}]}'
ROW = """
id = "quiet"
name = "Quiet"
base_url = "http://127.0.0.1:{port}/v1"
hosts = ["127.0.0.1"]
auth = "api-key"
key_env = ["QUIET_KEY"]
header = "authorization"
models = ["quiet-*"]
"""


class Quiet(asyncio.Protocol):
    """A provider that begins a stream and then has nothing to say."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if b'"stream": true' in data:
            self.transport.write(ANSWER)
        else:
            length = str(len(WHOLE)).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + length + b"\r\n\r\n" + WHOLE)


def provider(told):
    """Runs it in a process of its own, so that its files are not ours."""
    raise_limit()

    async def serve():
        server = await asyncio.get_running_loop().create_server(Quiet, "127.0.0.1", 0, backlog=4096)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class Gateway(Child):
    """`evergrant serve` as a system starts it that grants few files unasked."""

    def __init__(self, home):
        few = f'ulimit -Sn {SOFT_FILES}; exec "$0" "$@"'
        command = ["sh", "-c", few, evergrant(), "serve", "--listen", "127.0.0.1:0", "--json"]
        super().__init__(command, home.variables)


def raise_limit():
    """As many files as the system lets us have; answers how many."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def rss_kib(pid, kind="VmRSS"):
    """What is in memory: all of it, or `RssAnon`, without the pages of the program itself."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(f"{kind}:"):
            return int(line.split()[1])
    return 0


async def stream(host, port, request):
    """Opens one and waits for its event; nothing if it does not come."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request)
        await asyncio.wait_for(reader.readuntil(b"data: "), BEGINS_SECS)
        return reader, writer
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None


def question(**more):
    body = json.dumps({"model": "quiet-1", "messages": [{"role": "user", "content": "hello"}], **more}).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def idle_streams(checks, gateway, count):
    """Opens them and measures; answers what each costs in KiB."""
    host, port = gateway.said["address"].rsplit(":", 1)
    pid, request = gateway.process.pid, question(stream=True)
    # What is made once, and by the first request, is no stream's.
    first = [await stream(host, port, request) for _ in range(16)]
    checks.check("the first streams have come", all(first))
    before, opened, began = rss_kib(pid), [], time.monotonic()
    while len(opened) < count:
        some = min(AT_ONCE, count - len(opened))
        batch = await asyncio.gather(*(stream(host, port, request) for _ in range(some)))
        opened += batch
        # Where there is no room for most, there is none for the rest either.
        if sum(one is not None for one in batch) < some / 2:
            break
    took = time.monotonic() - began
    there = sum(one is not None for one in opened)
    checks.equal("streams that are open", there, count)
    # Until what was needed for opening them has been given back.
    await asyncio.sleep(3)
    each = (rss_kib(pid) - before) / max(there, 1)
    checks.check(f"each costs at most {STREAM_KIB} KiB", each <= STREAM_KIB, f"{each:.1f} KiB, opened in {took:.1f} s")
    alive = await stream(host, port, request)
    checks.check("one more is let in", alive is not None)
    return each


def listening_ms(home):
    """How long from the start of the process to its saying that it listens."""
    began = time.monotonic()
    with Gateway(home):
        return (time.monotonic() - began) * 1000


def main():
    checks, figure = Checks("idle"), ""
    count = min(STREAMS, (raise_limit() - OWN_FILES) // 2)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=provider, args=(there,), daemon=True)
    server.start()
    with checks, Home({"quiet": ROW.format(port=here.recv())}) as home:
        for number in range(CREDENTIALS):
            run = home.run("add", "quiet", "--label", f"key-{number}", "--stdin", input=f"sk-quiet-{number:040}\n")
            if run.exit:
                checks.done("add a key", run)
        checks.equal("credentials", len(home.run("list", "--json").json["credentials"]), CREDENTIALS)
        starts = [listening_ms(home) for _ in range(STARTS)]
        start = statistics.median(starts)
        checks.check(f"it listens within {LISTENING_MS} ms", start <= LISTENING_MS, f"median {start:.0f} ms, best {min(starts):.0f} ms")
        with Gateway(home) as gateway:
            checks.equal("a request", asked(gateway), 200)
            time.sleep(3)
            idle = rss_kib(gateway.process.pid) / 1024
            own = rss_kib(gateway.process.pid, "RssAnon") / 1024
            checks.check(f"idle it has at most {IDLE_MIB} MiB", idle <= IDLE_MIB, f"{idle:.1f} MiB, of which {own:.1f} are not the program's own pages")
            each = asyncio.run(idle_streams(checks, gateway, count))
        figure = f"{count} idle streams at {each:.1f} KiB, {idle:.1f} MiB idle, {start:.0f} ms to listening with {CREDENTIALS} credentials"
    server.terminate()
    checks.finish(figure)


def asked(gateway):
    """The status of one whole answer."""

    async def ask():
        host, port = gateway.said["address"].rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(question())
        line = await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return int(line.split()[1])

    return asyncio.run(ask())


if __name__ == "__main__":
    main()
