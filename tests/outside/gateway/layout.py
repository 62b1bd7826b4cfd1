"""Writes a linker script that lays what a gateway runs side by side: first what each request runs, then what its start does."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench import HERE, Stage, question
from processes import evergrant

CONNECTIONS = 16
LOAD_SECS = 6

# A row of API keys, which are read at the start in another way than grants.
KEYED = """
id = "keyed"
name = "Keyed"
base_url = "http://127.0.0.1:9/v1"
hosts = ["127.0.0.1"]
auth = "api-key"
key_env = ["KEYED_KEY"]
header = "authorization"
models = ["keyed-*"]
"""

WATCHED = """#!/bin/sh
if [ "$1" = serve ]; then
  exec {python} {watched} {folder}/calls {binary} "$@"
fi
exec {binary} "$@"
"""

HEAD = """/* In which order the linker lays out what a gateway runs: first what each request runs, the most of it first, then what its
   start does. Written by scripts/profile; a name that there is no more costs nothing, and a function that is not named here
   lies behind all of these. The hash that ends a name is left open, for it changes with each build. A linker that cannot read
   this is spared it by EVERGRANT_NO_LAYOUT=1 in the environment of the build. */
SECTIONS
{
  .text.gateway :
  {
"""

TAIL = """  }
}
INSERT BEFORE .text;
"""

# Where the compiler puts a function: what is much run, what is seldom run, and what it knows nothing of.
KINDS = (".text", ".text.hot", ".text.unlikely")
# What changes with each build, and what the optimiser appends to a name that it has made known to other units.
CHANGES = re.compile(r"17h[0-9a-f]{16}E(\.llvm\.\d+)?$|\.llvm\.\d+$")
# The same of the standard library, which stands in front of the names of its crates.
CRATE = re.compile(r"Cs[0-9A-Za-z]+_(?=\d)")


def watched(folder):
    """A program that runs the gateway under callgrind, and everything else as it is."""
    program = folder / "watched"
    program.write_text(WATCHED.format(python=sys.executable, watched=HERE / "watched.py", folder=folder, binary=evergrant()))
    program.chmod(0o755)
    return str(program)


def instructions(path):
    """How many each function took itself, by its name as the linker knows it."""
    names, counts, function, is_call = {}, Counter(), None, False
    for line in path.read_text().splitlines():
        if line.startswith(("fn=", "cfn=")):
            kind, said = line.split("=", 1)
            number, _, name = said.partition(" ")
            name = names.setdefault(number, name)
            if kind == "fn":
                function = name
        elif line.startswith("calls="):
            is_call = True
        elif line[:1].isdigit() or line[:1] in ("+", "-", "*"):
            # What follows a call is what was called.
            if not is_call:
                # A cycle's functions are numbered by their depth.
                counts[function.split("'")[0]] += int(line.split()[1])
            is_call = False
    return counts


def pattern(name):
    """The name with its changing ends left open; nothing for what is not in our program."""
    name = CHANGES.sub(lambda end: "17h*" if end[0].startswith("17h") else "*", name)
    if name.startswith("_R"):
        name = CRATE.sub("Cs*_", name)
    return name if re.fullmatch(r"[\w.$*]+", name) else None


def main():
    with Stage() as stage:
        stage.gateway.end()
        (stage.home.path / "providers.d" / "keyed.toml").write_text(KEYED)
        stage.home.run("add", "keyed", "--stdin", input="sk-keyed-0123456789\n")
        os.environ["EVERGRANT"] = watched(stage.folder)
        stage.gateway = stage.home.serve()
        gateway = stage.with_gateway().targets["gateway"]
        bodies = [stage.folder / "answer.json", stage.folder / "stream.json"]
        for body, is_stream in zip(bodies, (False, True)):
            body.write_bytes(question(stream=is_stream))
            gateway.load(1, body, 1)
        # What was run until here is written apart.
        subprocess.run(["callgrind_control", "--dump", str(gateway.pid)], check=True, stdout=subprocess.DEVNULL)
        for body in bodies:
            gateway.load(CONNECTIONS, body, LOAD_SECS)
        stage.gateway.end()
        started, served = (instructions(stage.folder / name) for name in ("calls.1", "calls"))
    ordered = [name for name, _ in served.most_common()] + [name for name, _ in started.most_common() if name not in served]
    patterns = list(dict.fromkeys(filter(None, map(pattern, ordered))))
    lines = [f"    *({' '.join(f'{kind}.{name}' for kind in KINDS)})\n" for name in patterns]
    Path(sys.argv[1]).write_text(HEAD + "".join(lines) + TAIL)
    print(f"{len(served)} functions serve and {len(started)} start: {len(patterns)} names in {sys.argv[1]}")


if __name__ == "__main__":
    main()
