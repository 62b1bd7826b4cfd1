"""a: `explain --jsonl` on every captured reply, whether it came with the task or was collected before a rule was looked at."""

import json
from pathlib import Path

from checks import Checks
from home import Home

CORPORA = Path("crates/engine/tests/corpus")
KEYS = ("id", "provider", "channel", "credential", "status", "headers", "body")
# What must be read right of each certainty, in per cent; of debatable ones the figure is told.
LIMITS = {"certain": 99.0, "certain and tricky": 98.0, "likely": 90.0}


def main():
    checks, figures = Checks("verdicts"), []
    with checks, Home({}) as home:
        for name, pattern in (("replies", "replies.jsonl"), ("collected", "collected_*.jsonl")):
            paths = sorted(CORPORA.glob(pattern))
            replies = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
            figures.append(f"{name}: {judged(checks, home, name, replies)}")
    checks.finish("; ".join(figures))


def judged(checks, home, name, replies):
    """Asks for every reply at once; the figures of these corpora."""
    lines = [json.dumps({key: reply[key] for key in KEYS} | {"id": str(place)}) for place, reply in enumerate(replies)]
    run = home.run("explain", "--jsonl", input="\n".join(lines) + "\n")
    checks.done(f"{name}: explain", run)
    read = {line["id"]: line for line in run.events}
    read = [read.get(str(place), {}) for place in range(len(replies))]
    figures = []
    for kind in (*LIMITS, "debatable"):
        these = [pair for pair in zip(replies, read, strict=True) if is_of(kind, pair[0])]
        wrong = [(reply, line) for reply, line in these if line.get("verdict") != reply["verdict"]]
        share = 100.0 * (len(these) - len(wrong)) / max(1, len(these))
        figures.append(f"{kind} {len(these) - len(wrong)}/{len(these)}")
        if kind in LIMITS:
            checks.check(f"{name}: {kind} at least {LIMITS[kind]:.0f} %", share >= LIMITS[kind], f"{share:.1f} %")
        if kind != "certain and tricky":
            for reply, line in wrong:
                miss(reply, line)
    return ", ".join(figures)


def is_of(kind, reply):
    """Whether a reply counts there."""
    certainty = reply.get("certainty")
    return certainty == "certain" and bool(reply.get("tricky")) if kind == "certain and tricky" else certainty == kind


def miss(reply, line):
    """Names a miss: what it is and why, and what took it for something else."""
    signal = line.get("signal", {}).get("name", "nothing")
    print(f"miss {reply['certainty']} {reply['id']}: {reply['verdict']} ({reply.get('why', '')}) is read as {line.get('verdict')} by {signal}")


if __name__ == "__main__":
    main()
