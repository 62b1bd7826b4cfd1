"""a: the demo, timed."""

import time

from checks import Checks
from home import Home

MOST_SECS = 20


def main():
    checks, figure = Checks("demo"), ""
    with checks, Home({}) as home:
        began = time.monotonic()
        run = home.run("demo")
        took = time.monotonic() - began
        print(run.stdout)
        checks.done("the demo", run)
        checks.check(f"it took less than {MOST_SECS} s", took < MOST_SECS, f"{took:.1f} s")
        figure = f"exit {run.exit} after {took:.1f} s"
    checks.finish(figure)


if __name__ == "__main__":
    main()
