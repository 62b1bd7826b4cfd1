#!/usr/bin/env bash
# reading and judging an answer of 1 KiB takes at most 2 µs and 8 allocations, one of 1 MiB at most 2 ms
. scripts/show.d/stage.sh
protection compiled-tables
features=()
if [ -n "${SHOW_BROKEN:-}" ]; then
  target=$target/broken
  features=(--features breakable)
fi
rounds=3
if [ -n "${SHOW_FULL:-}" ]; then rounds=10; fi
bench() {
  CARGO_TARGET_DIR=$target cargo bench --locked --quiet -p evergrant-engine "${features[@]}" "$@"
}
bench --bench classify --bench allocations --no-run || exit 1
printed=$(mktemp) && trap 'rm -f "$printed"' EXIT
# On a machine that does something else as well every disturbance makes a round slower and none makes it faster, so that
# the best round of several is the figure; each is the median of 60 samples of processor time.
for ((round = 0; round < rounds; round++)); do
  bench --bench classify -- --output-format bencher >>"$printed" 2>/dev/null || exit 1
done
bench --bench allocations >>"$printed" 2>/dev/null || exit 1
python3 -B - "$printed" <<'PYTHON'
import re, sys

best, allocations = {}, {}
for line in open(sys.argv[1]):
    if timed := re.match(r"test (\S+) \.\.\. bench:\s+([\d,]+) ns/iter", line):
        nanos = int(timed[2].replace(",", ""))
        best[timed[1]] = min(nanos, best.get(timed[1], nanos))
    elif counted := re.match(r"allocations (\S+) (\d+)", line):
        allocations[counted[1]] = int(counted[2])
green = len(best) == 6
for name, nanos in best.items():
    limit = 2_000_000 if name.startswith("mebibyte") else 2_000
    within = nanos <= limit and allocations[name] <= 8
    green &= within
    print(f"{name:17} p50 {nanos / 1000:9.2f} µs of {limit / 1000:g}, {allocations[name]} allocations of 8"
          + ("" if within else "  <-- too many"))
sys.exit(not green)
PYTHON
