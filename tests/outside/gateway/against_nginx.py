"""a, b, c, f: what the gateway does beside nginx, by the ratio of figures of one run."""

import sys

from bench import RELAY, Stage, memory_mib, question, table
from checks import Checks


def json_answers(checks, stage):
    """a: whole answers at 64 connections."""
    cells = stage.with_relay().cells(64, question(), names=("direct", "nginx", RELAY, "gateway"))
    table(cells)
    return held(checks, "JSON", cells, 0.90)


def streams(checks, stage):
    """b: streams of 50 events at 64 connections."""
    cells = stage.with_relay().cells(64, question(stream=True), names=("direct", "nginx", RELAY, "gateway"))
    table(cells)
    return held(checks, "streams", cells, 0.95)


def added(checks, stage):
    """c: what one connection waits longer, and the tail at 16."""
    one = stage.cells(1, question(), names=("direct", "nginx", "gateway"))
    table(one)
    sixteen = stage.cells(16, question(), names=("nginx", "gateway"))
    table(sixteen)
    by = {name: one[name]["p50"] - one["direct"]["p50"] for name in ("nginx", "gateway")}
    checks.check("added p50 <= 1.5 of what nginx adds", by["gateway"] <= 1.5 * by["nginx"], by)
    tail = sixteen["gateway"]["p99"] / sixteen["nginx"]["p99"]
    checks.check("p99 at 16 connections <= 1.5 of nginx's", tail <= 1.5, f"{tail:.2f}")
    return f"added p50 {by['gateway']:.0f} us, nginx {by['nginx']:.0f} us; p99 at 16: {tail:.2f} of nginx's"


def bodies(checks, stage):
    """f: large requests, and the memory they take."""
    figures = []
    for length, connections in ((100_000, 64), (2_000_000, 16)):
        cells = stage.cells(connections, question(filler=length), names=("nginx", "gateway"))
        table(cells)
        ratio = cells["gateway"]["rate"] / cells["nginx"]["rate"]
        checks.check(f"{length} bytes: >= 0.9 of nginx's throughput", ratio >= 0.9, f"{ratio:.2f}")
        checks.equal(f"{length} bytes: errors", cells["gateway"]["errors"], 0)
        peak = memory_mib(stage.gateway.process.pid, "VmHWM")
        # Each body is held once for a replay; twice as much where buffers of the connections are counted in.
        bound = IDLE_MIB + 2 * connections * length / 2**20
        checks.check(f"{length} bytes: memory bounded", peak <= bound, f"{peak:.0f} of {bound:.0f} MiB")
        figures.append(f"{length} bytes {ratio:.2f} of nginx, peak {peak:.0f} MiB")
    return "; ".join(figures)


def held(checks, what, cells, least):
    """The rate and the CPU of each request beside nginx's."""
    rate = cells["gateway"]["rate"] / cells["nginx"]["rate"]
    cpu = cells["gateway"]["cpu"] / cells["nginx"]["cpu"]
    checks.equal(f"{what}: errors", cells["gateway"]["errors"], 0)
    checks.check(f"{what}: >= {least} of nginx's", rate >= least, f"{rate:.2f}")
    checks.check(f"{what}: <= 1.25 of nginx's CPU", cpu <= 1.25, f"{cpu:.2f}")
    # Told beside the figures and asked nothing of: what hyper itself takes for passing on.
    floor = {figure: cells[RELAY][figure] / cells["nginx"][figure] for figure in ("rate", "cpu")}
    return f"{rate:.2f} of nginx's rate, {cpu:.2f} of its CPU; a {RELAY}: {floor['rate']:.2f}, {floor['cpu']:.2f}"


LINES = {"a": json_answers, "b": streams, "c": added, "f": bodies}

# What the gateway takes before the first request, at most.
IDLE_MIB = 32


def main():
    line = sys.argv[1]
    checks, figure = Checks(f"against nginx, {line}"), ""
    with checks, Stage().with_nginx().with_gateway() as stage:
        checks.done("login", stage.logged_in)
        figure = LINES[line](checks, stage)
    checks.finish(figure)


if __name__ == "__main__":
    main()
