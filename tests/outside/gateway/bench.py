"""The gateway beside nginx on one machine, against one provider of fixed answers: rounds in turn, and what they took."""

import json
import os
import random
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import wire
from home import Home
from processes import TARGET, Child, environment
from servers import Sandbox

HERE = Path(__file__).resolve().parent
HERTZ = os.sysconf("SC_CLK_TCK")
ROUNDS = 3
CELL_SECS = 4
WARM_SECS = 1
RELAY = "bare hyper relay"


def bench(*arguments):
    """The development binary that plays the provider and its clients."""
    return [os.path.abspath(os.environ.get("BENCH") or TARGET / "release" / "evergrant-bench"), *arguments]


class Stage:
    """Provider, nginx and gateway, with a grant and a client key; `options` are told to `serve`, `keyed` makes the client show a key."""

    def __init__(self, keyed=True, options=(), lifetime=3600, config=""):
        self.scratch = tempfile.TemporaryDirectory(prefix="evergrant-bench-")
        self.folder = Path(self.scratch.name)
        self.sandbox = Sandbox(access_token_lifetime_secs=lifetime)
        self.provider = Child(bench("upstream"), environment(self.folder))
        self.address = self.provider.said["address"]
        self.home = Home({"bench": self.row()}, config)
        self.logged_in = self.home.login("bench", self.sandbox)
        self.headers = {}
        if keyed:
            self.headers["authorization"] = f"Bearer {self.home.run('key', 'add', 'bench', '--json').json['key']}"
        self.gateway = self.home.serve(*options)
        self.targets = {"direct": Target("direct", f"http://{self.address}", None)}
        self.nginx = None
        self.relay = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gateway.end()
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait()
        if self.relay:
            self.relay.end()
        self.provider.end()
        self.sandbox.__exit__()
        self.home.__exit__()
        self.scratch.cleanup()

    def row(self):
        """A row whose grants come from the sandbox and whose answers from the provider beside it."""
        row = self.sandbox.row("bench").replace(f'base_url = "{self.sandbox.base_url}"', f'base_url = "http://{self.address}/v1"')
        lines = ['models = ["bench-*"]' if line.startswith("models = ") else line for line in row.splitlines()]
        return "\n".join(lines) + "\n"

    def with_gateway(self, name="gateway"):
        """The gateway as something to measure."""
        self.targets[name] = Target(name, self.gateway.base_url, self.gateway.process.pid, self.headers)
        return self

    def with_nginx(self):
        """nginx as something to measure."""
        listen = free_address()
        said = {"FOLDER": self.folder, "UPSTREAM": self.address, "LISTEN": listen, "WORKERS": os.cpu_count()}
        text = (HERE / "nginx.conf").read_text()
        for name, value in said.items():
            text = text.replace(f"@{name}@", str(value))
        (self.folder / "nginx.conf").write_text(text)
        self.nginx = subprocess.Popen(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        until(lambda: wire.get(f"http://{listen}/v1/models").status == 200)
        self.targets["nginx"] = Target("nginx", f"http://{listen}", self.nginx.pid)
        return self

    def with_relay(self):
        """A bare relay over hyper as something to measure: what is left when nothing of the product is done."""
        self.relay = Child(bench("relay", "--to", self.address), environment(self.folder))
        self.targets[RELAY] = Target(RELAY, f"http://{self.relay.said['address']}", self.relay.process.pid)
        return self

    def cells(self, connections, body, rounds=ROUNDS, names=None):
        """Each target in each round, in an order that is drawn; the median of each figure by target."""
        written = self.folder / "body.json"
        written.write_bytes(body)
        seen = {name: [] for name in names or self.targets}
        for turn in range(rounds):
            order = list(seen)
            random.Random(turn).shuffle(order)
            for name in order:
                seen[name].append(self.targets[name].cell(connections, written))
        return {name: {key: statistics.median(cell[key] for cell in cells) for key in cells[0]} for name, cells in seen.items()}


class Target:
    """Something that answers chat completions."""

    def __init__(self, name, base, pid, headers=None):
        self.name, self.base, self.pid, self.headers = name, base, pid, headers or {}

    @property
    def url(self):
        return f"{self.base}/v1/chat/completions"

    def cell(self, connections, body):
        """What one run of wrk took: requests a second, microseconds, errors, and the CPU of the target."""
        self.load(connections, body, WARM_SECS)
        before = cpu_secs(self.pid)
        took = self.load(connections, body, CELL_SECS)
        cpu = cpu_secs(self.pid) - before
        count = max(1, took["requests"])
        return {
            "rate": count / (took["micros"] / 1e6),
            "p50": took["p50"],
            "p99": took["p99"],
            "errors": took["errors"],
            "cpu": cpu / count * 1000,
        }

    def load(self, connections, body, secs):
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        variables = {"PATH": os.environ["PATH"], "BODY": str(body), "HEADERS": headers}
        command = ["wrk", "-t1", f"-c{connections}", f"-d{secs}s", "--timeout", "20s", "-s", str(HERE / "load.lua"), self.url]
        said = subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
        return json.loads(said.split("FIGURES ", 1)[1].splitlines()[0])

    def clients(self, kind, *arguments):
        """What the clients of the development binary saw."""
        headers = [part for name, value in self.headers.items() for part in ("--header", f"{name}: {value}")]
        said = subprocess.run(bench(kind, self.url, *headers, *arguments), capture_output=True, text=True, check=True).stdout
        return json.loads(said)


def free_address():
    """A loopback address that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def question(stream=False, filler=0):
    """A body as agents send it, padded to a length."""
    words = "Tell me briefly what a gateway costs. " * 4
    said = {"model": "bench-model", **({"stream": True} if stream else {}), "messages": [{"role": "user", "content": words + "x" * filler}]}
    return json.dumps(said, separators=(",", ":")).encode()


def family(pid):
    """A process and all that came of it."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(path.parent.name))
    return found


def cpu_secs(pid):
    """CPU seconds of a process and its children so far."""
    if pid is None:
        return 0.0
    total = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / HERTZ


def memory_mib(pid, kind="VmRSS"):
    """Resident memory of a process, now or at its peak (`VmHWM`)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) / 1024
    return 0.0


def until(holds, secs=20):
    """Waits until something holds; a refusal to connect is not yet."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"it did not come about within {secs} s")


def table(cells):
    """The figures for people, one line a target."""
    for name, cell in cells.items():
        print(
            f"     {name:16} {cell['rate']:9.0f} /s  p50 {cell['p50']:7.0f} us  p99 {cell['p99']:7.0f} us  "
            f"{cell['cpu']:.4f} CPU s per 1,000  errors {cell['errors']:.0f}",
            flush=True,
        )
