"""One line a check, and the count at the end."""

import sys
import traceback


# As much of a wrong value as a reader wants to see.
SAID = 400


class Checks:
    """What passed and what failed so far."""

    def __init__(self, subject):
        self.subject = subject
        self.passed = 0
        self.failed = 0

    def check(self, what, holds, found=""):
        """Says one line; what was found stands behind it."""
        self.passed += bool(holds)
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {self.subject}: {what}{f' ({found})' if found != '' else ''}", flush=True)
        return bool(holds)

    def done(self, what, run, wanted=0):
        """A run must have ended so; if not, all it said stands behind it."""
        return self.check(what, run.exit == wanted, f"exit {run.exit}" if run.exit == wanted else f"wanted exit {wanted}: {run}")

    def equal(self, what, found, wanted):
        """The value that was found must be the one wanted; of a long one the beginning is said."""
        if found == wanted:
            return self.check(what, True, found)
        said = repr(found)
        said = said if len(said) <= SAID else f"{said[:SAID]}.. ({len(said)} characters)"
        return self.check(what, False, f"found {said}, wanted {wanted!r}")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and kind is not KeyboardInterrupt:
            traceback.print_exception(kind, error, trace, limit=-4)
            self.check(f"ended by {kind.__name__}", False, error)
        return kind is not KeyboardInterrupt

    def finish(self, figure=""):
        """The figure and the closing count; the exit code of the process."""
        if figure:
            print(f"{self.subject}: {figure}", flush=True)
        print(f"{self.subject}: {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)
