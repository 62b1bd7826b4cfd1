"""Whether a release is the one its profile was written for: a function whose name has changed is compiled as if there were none."""

import re
import subprocess
from pathlib import Path

from checks import Checks
from processes import ROOT, evergrant

PROFILE = ROOT / "crates" / "evergrant" / "profile"
# Of the functions that both name; the rest are those whose types or callers have changed since.
LEAST_SHARE = 0.8
NAME = re.compile(rb"(_ZN[\w.$]+?)17h([0-9a-f]{16})E")


def hashes(text):
    """The hashes under which each function is known; one that is made for several types has several."""
    found = {}
    for name, digest in NAME.findall(text):
        found.setdefault(name, set()).add(digest)
    return found


def main():
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout
    written_by = (PROFILE / "compiler").read_text()
    if compiler != written_by:
        print(f"     the profile is {written_by.strip()}'s, this is {compiler.strip()}: it is without effect here")
        return
    checks = Checks("fit")
    symbols = subprocess.run(["nm", evergrant()], capture_output=True, check=True).stdout
    profiled, built = hashes((PROFILE / "gateway.profdata").read_bytes()), hashes(symbols)
    both = profiled.keys() & built.keys()
    fits = sum(bool(profiled[name] & built[name]) for name in both)
    share = fits / max(1, len(both))
    checks.check("the release knows its profile; else: scripts/profile", share >= LEAST_SHARE, f"{fits} of {len(both)} functions")
    checks.finish(f"{fits} of {len(both)} functions are compiled by what they were seen to do")


if __name__ == "__main__":
    main()
