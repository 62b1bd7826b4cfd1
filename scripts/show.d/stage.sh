# What the lines have in common: the build they need, the protection they are about, and how they are measured.

set -uo pipefail
# Whole, because a measurement runs in the folder of its crate.
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

# Names the protection of this line; under --broken it is switched off in every process from here on.
protection() {
  if [ -n "${SHOW_BROKEN:-}" ]; then
    export EVERGRANT_BROKEN=$1
    printf 'without %s:\n' "$1"
  fi
}

# For a line that tests no protection.
unprotected() {
  if [ -n "${SHOW_BROKEN:-}" ]; then exit 3; fi
}

# cargo, with a target directory of its own for what can be broken.
build() {
  if [ -n "${SHOW_BROKEN:-}" ]; then
    CARGO_TARGET_DIR=$target/broken cargo "$1" --locked --quiet --features breakable "${@:2}"
  else
    cargo "$1" --locked --quiet "${@:2}"
  fi
}

# Builds the binary once. The broken one is a development build, so that it shares its parts with the broken tests; `binary fast`
# makes it a release build, so that where speed is measured little is missing but the protection: with another feature our own functions
# have other names, under which the profile (scripts/profile) does not know them.
binary() {
  if [ -n "${EVERGRANT:-}" ]; then return; fi
  local place=$target kind=release profile=(--release)
  if [ -n "${SHOW_BROKEN:-}" ]; then
    place=$target/broken
    if [ "${1:-}" != fast ]; then kind=debug profile=(); fi
  fi
  build build "${profile[@]}" --bin evergrant || exit 1
  export EVERGRANT=$place/$kind/evergrant
}

# A measurement with the real binary: tests/outside/FOLDER/NAME.py; measure NAME [FOLDER].
measure() {
  binary
  local arguments=()
  if [ -n "${SHOW_FULL:-}" ]; then arguments+=(--full); fi
  PYTHONPATH=tests/outside exec python3 -B "tests/outside/${2:-main_job}/$1.py" "${arguments[@]}"
}

# A measurement of the gateway under load, beside nginx where that is asked: bench SCRIPT [ARGUMENT].
bench() {
  for tool in wrk nginx; do
    command -v "$tool" >/dev/null 2>&1 || { printf '%s is not installed: apt-get install wrk nginx\n' "$tool"; exit 1; }
  done
  binary fast
  if [ -z "${BENCH:-}" ]; then
    cargo build --release --locked --quiet -p evergrant-bench || exit 1
    export BENCH=$target/release/evergrant-bench
  fi
  PYTHONPATH=tests/outside:tests/outside/gateway exec python3 -B "tests/outside/gateway/$1.py" "${@:2}"
}

# Builds the harness and a binary that can be broken and stopped at named points; the same pair with and without --broken.
# Optimised: hundreds of processes start in a line, each ten times as fast.
harness() {
  if [ -z "${TORTURE:-}" ]; then
    cargo build --locked --quiet --release -p evergrant -p evergrant-torture \
      --features evergrant/torture,evergrant-torture/torture || exit 1
    # Apart, so that an ordinary build of the same place does not replace them.
    mkdir -p "$target/torture/release"
    cp -f "$target/release/evergrant" "$target/release/evergrant-torture" "$target/torture/release/" || exit 1
    TORTURE=$target/torture/release
  fi
}

# Lines of the torture harness by name.
torture() {
  harness
  local arguments=()
  if [ -n "${SHOW_FULL:-}" ]; then arguments+=(--full); fi
  if [ -n "${SHOW_SEED:-}" ]; then arguments+=(--seed "$SHOW_SEED"); fi
  if [ -n "${SHOW_PART:-}" ]; then arguments+=(--part "$SHOW_PART"); fi
  exec "$TORTURE/evergrant-torture" show "$@" "${arguments[@]}" --evergrant "$TORTURE/evergrant"
}

# What a long form asks of cargo beside.
wider=()

# Tests of one package whose names contain one of the words: tests PACKAGE WORD...; what they print goes to $printed.
tests() {
  printed=$(build test -p "$1" "${wider[@]}" -- --nocapture "${@:2}" 2>&1)
  local exit=$?
  passed=$(sum 'passed' <<<"$printed")
  if [ "$exit" -ne 0 ]; then
    printf '%s\n' "$printed" | grep -v '^\s*$' | tail -40
    return 1
  fi
  if [ "$passed" -eq 0 ]; then
    printf 'no test of %s is called %s\n' "$1" "${*:2}"
    return 1
  fi
}

# The lines of those tests that begin with one of the words; the dots before a line stand for tests that have passed.
told() { sed -nE "s/^\.*(($1) .*)/\1/p" <<<"$printed"; }

# Adds up one count over all `test result:` lines.
sum() { grep -o "[0-9]* $1" | awk '{ total += $1 } END { print total + 0 }'; }
