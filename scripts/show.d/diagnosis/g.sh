#!/usr/bin/env bash
# six fuzz targets ask the readers of foreign bytes: no crash, no invariant broken; --full gives each ten minutes
. scripts/show.d/stage.sh
protection redaction
targets=(evidence stream retry_after row callback token_answer)

# The seeds and a few hundred changes of each, in an ordinary test that needs no fuzzer.
tests evergrant-engine fuzzed:: || exit 1
printf '%s\n' "$printed" | grep -oE '[a-z_]+: [0-9]+ seeds, [0-9]+ changes' | sort -u
printf 'corpora: %s files, %s KB of 300\n' "$(find fuzz/corpus -type f | wc -l)" "$(($(du -sb --apparent-size fuzz/corpus | cut -f1) / 1000))"

if [ -z "${SHOW_FULL:-}" ]; then exit 0; fi
if ! cargo fuzz --version >/dev/null 2>&1; then
  printf 'the long form needs `cargo install cargo-fuzz` and a C++ compiler\n'
  exit 1
fi
# Without a sanitizer: the engine forbids unsafe code, so that a panic is all that can be found.
export RUSTC_BOOTSTRAP=1
seconds=${FUZZ_SECONDS:-600}
found=$(mktemp -d) && trap 'rm -rf "$found"' EXIT
fuzz() {
  mkdir -p "$found/$1"
  cargo fuzz run -s none --target-dir "$target/fuzz" "$1" "$found/$1" "fuzz/corpus/$1" \
    -- -max_total_time="$seconds" -max_len=4096 -timeout=10 >"$found/$1.log" 2>&1 || touch "$found/$1.crashed"
}
cargo fuzz build -s none --target-dir "$target/fuzz" >"$found/log" 2>&1 || { tail -20 "$found/log"; exit 1; }
# As many side by side as there are processors on the smallest machine that builds this.
side_by_side=2
for ((first = 0; first < ${#targets[@]}; first += side_by_side)); do
  for name in "${targets[@]:first:side_by_side}"; do fuzz "$name" & done
  wait
done
red=0
for name in "${targets[@]}"; do
  runs=$(grep -oE 'Done [0-9]+ runs in [0-9]+ second' "$found/$name.log" | tail -1)
  if [ ! -e "$found/$name.crashed" ] && [ -n "$runs" ]; then
    printf '%-12s %ss, no crash\n' "$name" "$runs"
  else
    printf '%-12s CRASH\n' "$name"
    tail -20 "$found/$name.log"
    red=1
  fi
done
exit "$red"
