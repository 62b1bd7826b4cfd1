"""k: slow heads, header bombs and floods of connections are refused or bounded, and a client that behaves goes on at its speed."""

import asyncio
import http.client
import json
import multiprocessing
import os
import sys
import threading
import time

from checks import Checks
from home import Home
from servers import Sandbox

# So many connections whose request's head comes a byte a second and never ends.
SLOW = 512
# So many new connections a second.
CONNECTS = 1_000
# Requests a second of the client that behaves: an agent's pace, many times over.
PACE = 100
# Of the pace that it kept just before, on the same machine, which the attackers use as well.
PACE_KEPT = 0.8
# What bombs and threads cost whoever connects, and what a connection may.
FIXED_MIB, KIB_EACH = 16, 40
SECONDS = 20 if "--full" in sys.argv else 6
BOMBS = {
    "5,000 header lines": b"".join(b"x-%d: 1\r\n" % number for number in range(5_000)) + b"\r\n",
    "a header of 1 MiB": b"x-long: " + b"x" * 1024 * 1024 + b"\r\n\r\n",
    "a path of 100 KiB": None,
    "headers without end": b"x-endless: 1\r\n" * 100_000,
}


def main():
    checks, figure = Checks("attack"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        with home.serve() as gateway:
            gateway.ask()
            alone = behave(gateway)
            memory = high_water(gateway)
            told, counts, attacker = attack(gateway)
            with Descriptors(gateway) as descriptors:
                attacked = behave(gateway)
            # Its last word stands in the pipe, half a second old at most.
            while told.poll():
                counts = told.recv()
            attacker.terminate()
            attacker.join()
            grown = high_water(gateway) - memory
            checks.equal("a request after it", gateway.ask().status, 200)
            figure = tell(checks, alone, attacked, counts, grown, descriptors.most)
        checks.equal("refresh requests", sandbox.counters()["refreshes"], 0)
    checks.finish(figure)


def behave(gateway):
    """One client at its pace; the times of its requests in ms, and those that were not answered well."""
    host, port = gateway.base_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    body = json.dumps({"model": "grok-4.3", "messages": [{"role": "user", "content": "hello"}]})
    times, wrong, began = [], [], time.perf_counter()
    for number in range(PACE * SECONDS):
        time.sleep(max(0.0, began + number / PACE - time.perf_counter()))
        asked = time.perf_counter()
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - asked) * 1000)
        if answer.status != 200:
            wrong.append(answer.status)
    took = time.perf_counter() - began
    connection.close()
    return {"times": sorted(times), "wrong": wrong, "pace": PACE * SECONDS / took}


def attack(gateway):
    """Begins the attack from a process of its own, and waits until all slow heads are there."""
    told, telling = multiprocessing.Pipe(duplex=False)
    attacker = multiprocessing.Process(target=assault, args=(gateway.base_url, telling), daemon=True)
    attacker.start()
    return told, told.recv(), attacker


def assault(base_url, telling):
    """The process that attacks."""
    asyncio.run(besiege(base_url, telling))


async def besiege(base_url, telling):
    """Everything at once until it is ended; tells twice a second what it has done, first when all slow heads are there."""
    host, port = base_url.removeprefix("http://").split(":")
    counts = {"slow": 0, "connects": 0, "seconds": 0.0, "bombs": 0, "refused": 0, "answers": {}}
    tasks = [asyncio.create_task(creep(host, port, counts)) for _ in range(SLOW)]
    while counts["slow"] < SLOW:
        await asyncio.sleep(0.05)
    tasks.append(asyncio.create_task(flood(host, port, counts)))
    tasks += [asyncio.create_task(bomb(host, port, name, counts)) for name in BOMBS]
    while True:
        telling.send(counts)
        await asyncio.sleep(0.5)


async def creep(host, port, counts):
    """A head that never ends."""
    _, writer = await asyncio.open_connection(host, int(port))
    counts["slow"] += 1
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
    while True:
        await asyncio.sleep(1)
        writer.write(b"x")


async def flood(host, port, counts):
    """New connections at a steady rate: half of them leave at once, half with some words."""
    began, number = time.perf_counter(), 0

    async def one(number):
        try:
            _, writer = await asyncio.open_connection(host, int(port))
            if number % 2:
                writer.write(b"GET / HTTP/1.1\r\n")
            writer.close()
            counts["connects"] += 1
        except OSError:
            pass

    while True:
        due = int((time.perf_counter() - began) * CONNECTS)
        await asyncio.gather(*(one(number + ahead) for ahead in range(due - number)))
        number, counts["seconds"] = due, time.perf_counter() - began
        await asyncio.sleep(0.005)


async def bomb(host, port, name, counts):
    """One kind of bomb after the other; what is answered, and that the connection is closed."""
    target = b"/v1/" + b"x" * 100 * 1024 if BOMBS[name] is None else b"/v1/models"
    rest = BOMBS[name] or b"\r\n"
    while True:
        await asyncio.sleep(0.1)
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            counts["bombs"] += 1
            writer.write(b"GET " + target + b" HTTP/1.1\r\nhost: localhost\r\n" + rest)
            answer = await asyncio.wait_for(reader.read(), 30)
            status = answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/1.1 ") else "closed"
            writer.close()
        except ConnectionError:
            # Closed before all of it was written.
            status = "closed"
        counts["refused"] += status in ("400", "414", "431", "closed")
        said = counts["answers"].setdefault(name, {})
        said[status] = said.get(status, 0) + 1


class Descriptors:
    """The most files and connections that the gateway had open, looked at twenty times a second."""

    def __init__(self, gateway):
        self.folder, self.most, self.over = f"/proc/{gateway.process.pid}/fd", 0, threading.Event()
        self.looking = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.over.wait(0.05):
            self.most = max(self.most, len(os.listdir(self.folder)))

    def __enter__(self):
        self.looking.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.looking.join()


def high_water(gateway):
    """The most memory that the gateway has had, in MiB."""
    with open(f"/proc/{gateway.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def tell(checks, alone, attacked, counts, grown, descriptors):
    """What is asked of the figures, and the line that tells them."""
    middle = lambda run: run["times"][len(run["times"]) // 2]
    late = lambda run: run["times"][len(run["times"]) * 99 // 100]
    rate = counts["connects"] / max(counts["seconds"], 0.1)
    checks.equal("answers of the client that are not 200", alone["wrong"] + attacked["wrong"], [])
    checks.check("its pace", attacked["pace"] >= PACE_KEPT * alone["pace"], f"{attacked['pace']:.0f}/s of {alone['pace']:.0f}/s")
    checks.check("its median", middle(attacked) <= 2 * middle(alone) + 2, f"{middle(alone):.2f} ms alone, {middle(attacked):.2f} ms")
    checks.equal("slow heads held", counts["slow"], SLOW)
    checks.check("connections a second", rate >= 0.8 * CONNECTS, f"{rate:.0f}")
    checks.check("bombs refused", counts["refused"] > 0 and counts["bombs"] - counts["refused"] <= len(BOMBS), counts["answers"])
    # Who connects faster than a busy machine lets in holds a place until its turn: what is bounded is the memory of each.
    bound = FIXED_MIB + descriptors * KIB_EACH / 1024
    checks.check("memory that it cost", grown <= bound, f"{grown:.1f} MiB of {bound:.1f}: {descriptors} connections at most")
    return (
        f"{SLOW} slow heads, {rate:.0f} connects/s, {counts['bombs']} bombs ({counts['refused']} refused): the client's {PACE} requests/s "
        f"p50 {middle(alone):.2f} -> {middle(attacked):.2f} ms, p99 {late(alone):.2f} -> {late(attacked):.2f} ms, 0 errors, {grown:.1f} MiB at {descriptors} connections"
    )


if __name__ == "__main__":
    main()
