"""Processes this run starts and ends, each with an environment that holds no proxy and no key of the person's."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
OUTSIDE = TARGET.absolute() / "outside"
# Long enough for a debug build on a busy machine; nothing here waits for it in good times.
PATIENCE_SECS = 60


def evergrant():
    """The binary under test: the one named in `EVERGRANT`, else the release build."""
    # Absolute, because it is run in other directories.
    return os.path.abspath(os.environ.get("EVERGRANT") or TARGET / "release" / "evergrant")


def environment(home, **more):
    """A bare environment; a protection that is switched off stays so in every child."""
    bare = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    if "EVERGRANT_BROKEN" in os.environ:
        bare["EVERGRANT_BROKEN"] = os.environ["EVERGRANT_BROKEN"]
    return bare | more


class Child:
    """A process that says on its first line where it listens; it ends with the `with` block."""

    def __init__(self, command, variables, log=None):
        self.process = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log or subprocess.DEVNULL,
            text=True,
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"`{' '.join(command)}` ended before it listened: {self.process.wait()}")
        self.said = json.loads(line)
        if "error" in self.said:
            raise RuntimeError(f"`{' '.join(command)}`: {self.said['error']['message']} (exit {self.process.wait()})")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Asks it to end, then makes it."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(25)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def kill(self):
        """Ends it as a power cut does."""
        self.process.kill()
        self.process.wait()
