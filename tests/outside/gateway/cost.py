"""e: what the product costs: client key, usage and metrics on, against a gateway that does without all three."""

from bench import Stage, question, table
from checks import Checks

CONNECTIONS = 64
# The share of a request's cost that may be the product's.
COST = 0.10
BARE = "[serve]\nusage = false\nmetrics = false\n"


def main():
    checks, figures = Checks("the product"), []
    with checks, Stage().with_gateway("everything") as everything, Stage(keyed=False, config=BARE).with_gateway("bare") as bare:
        checks.done("login", everything.logged_in)
        checks.done("login of the bare one", bare.logged_in)
        everything.targets["bare"] = bare.targets["bare"]
        for what, stream in (("JSON", False), ("streams", True)):
            cells = everything.cells(CONNECTIONS, question(stream=stream), names=("everything", "bare"))
            table(cells)
            for name, cell in cells.items():
                checks.equal(f"{what}, {name}: errors", cell["errors"], 0)
            rate = cells["everything"]["rate"] / cells["bare"]["rate"]
            cpu = cells["everything"]["cpu"] / cells["bare"]["cpu"]
            checks.check(f"{what}: >= {1 - COST:.2f} of the bare one's rate", rate >= 1 - COST, f"{rate:.2f}")
            checks.check(f"{what}: <= {1 + COST:.2f} of its CPU", cpu <= 1 + COST, f"{cpu:.2f}")
            figures.append(f"{what} {rate:.2f} of the rate, {cpu:.2f} of the CPU")
    checks.finish("; ".join(figures))


if __name__ == "__main__":
    main()
