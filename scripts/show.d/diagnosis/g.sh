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
red=0
found=$(mktemp -d) && trap 'rm -rf "$found"' EXIT
for target_name in "${targets[@]}"; do
  mkdir -p "$found/$target_name"
  if cargo fuzz run -s none --target-dir "$target/fuzz" "$target_name" "$found/$target_name" "fuzz/corpus/$target_name" \
    -- -max_total_time="$seconds" -max_len=4096 -timeout=10 >"$found/log" 2>&1; then
    printf '%-12s %s\n' "$target_name" "$(grep -oE 'Done [0-9]+ runs in [0-9]+ second' "$found/log" | tail -1)s, no crash"
  else
    printf '%-12s CRASH\n' "$target_name"
    tail -20 "$found/log"
    red=1
  fi
done
exit "$red"
