"""n: the gateway beside others that pass requests on, as a table for docs/PERFORMANCE.md."""

import datetime
import os
import platform
import shutil
import subprocess
import sys

from bench import Stage, family, memory_mib, question
from checks import Checks
from peers import PACKAGES, Peers, first_number, install
from processes import evergrant

ORDER = ("direct", "nginx", "haproxy", "gateway", "hermes", "litellm")
SHOWN = {"gateway": "evergrant", "hermes": "Hermes proxy", "litellm": "LiteLLM proxy"}
CONNECTIONS = 64
# What each has switched on while it is measured.
DOES = {
    "direct": "the provider itself",
    "nginx": "one fixed header",
    "haproxy": "one fixed header",
    "gateway": "a grant, a client key, verdicts, usage, metrics",
    "hermes": "a grant, no client key",
    "litellm": "an API key, a client key",
}


def main():
    checks, rows = Checks("comparison"), []
    with checks, Stage().with_nginx().with_gateway() as stage, Peers(stage) as peers:
        checks.done("login", stage.logged_in)
        peers.versions |= {"nginx": first_number(["nginx", "-v"]), "gateway": own_version()}
        for name in ("haproxy", *PACKAGES):
            if name == "haproxy" and not shutil.which(name):
                print("     haproxy is not installed: apt-get install haproxy")
                continue
            try:
                peers.start(name, install(name) if name in PACKAGES else None)
            except (RuntimeError, subprocess.CalledProcessError) as fault:
                print(f"     {name} was not measured: {fault}")
        names = [name for name in ORDER if name in stage.targets]
        answers = stage.cells(CONNECTIONS, question(), names=names)
        streams = stage.cells(CONNECTIONS, question(stream=True), names=names)
        for name in names:
            pid = stage.targets[name].pid
            rows.append(row(name, peers.versions.get(name, ""), answers, streams, sum(map(memory_mib, family(pid))) if pid else None))
            checks.equal(f"{name}: errors", answers[name]["errors"] + streams[name]["errors"], 0)
        checks.check("others beside nginx", {"haproxy", "litellm", "hermes"} <= set(names), names)
    print("\n".join([machine(), "", *HEAD, *rows]))
    checks.finish(f"{len(rows)} compared")


def row(name, version, answers, streams, memory):
    """One line of the table, as ratios to nginx of the same run."""

    def beside(cells):
        rate = cells[name]["rate"] / cells["nginx"]["rate"]
        cpu = cells[name]["cpu"] / cells["nginx"]["cpu"]
        return f"{rate:.3f} | {cpu:.2f}" if name != "direct" else f"{rate:.3f} | "

    named = f"{SHOWN.get(name, name)} {version}".strip()
    resident = f"{memory:.0f}" if memory is not None else ""
    return f"| {named} | {DOES[name]} | {answers[name]['rate']:,.0f} | {beside(answers)} | {streams[name]['rate']:,.0f} | {beside(streams)} | {resident} |"


def machine():
    """Where and when it was measured."""
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{datetime.date.today()}, {os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {'.'.join(platform.release().split('.')[:2])}"


def own_version():
    done = subprocess.run([evergrant(), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


HEAD = (
    "| | what it does | JSON/s | of nginx | CPU | streams/s | of nginx | CPU | MiB |",
    "|---|---|---|---|---|---|---|---|---|",
)

if __name__ == "__main__":
    sys.exit(main())
