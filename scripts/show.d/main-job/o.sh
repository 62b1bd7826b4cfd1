#!/usr/bin/env bash
# every acceptance case by name, green; switching off the rule under test turns each of ten red
. scripts/show.d/stage.sh
if [ -z "${SHOW_BROKEN:-}" ]; then
  # Cases of the whole, in every crate where they can be seen.
  if ! printed=$(cargo test --locked --workspace --no-fail-fast acceptance 2>&1); then
    grep -E '^test .* FAILED|panicked|^error' <<<"$printed"
    exit 1
  fi
  missing=0 cases=0
  while read -r name; do
    cases=$((cases + 1))
    if grep -qE "^test (.*::)?acceptance::(.*::)?$name \.\.\. ok" <<<"$printed"; then
      printf 'ok   %s\n' "$name"
    else
      printf 'FAIL %s: no such test\n' "$name"
      missing=$((missing + 1))
    fi
  done < <(grep -v '^#' scripts/show.d/main-job/acceptance.txt)
  printf '%s of %s cases\n' "$((cases - missing))" "$cases"
  [ "$missing" -eq 0 ]
  exit
fi

# Here red is what is wanted: the line is red when each of the ten is.
green=0 count=0
build test --workspace --no-run || exit 1
while read -r protection name; do
  count=$((count + 1))
  if printed=$(EVERGRANT_BROKEN=$protection build test --workspace "$name" 2>&1); then
    printf 'STILL GREEN %s without %s\n' "$name" "$protection"
    green=$((green + 1))
  else
    printf 'red %s without %s: %s\n' "$name" "$protection" "$(grep -cE '^test .*FAILED' <<<"$printed") failed"
  fi
done < <(grep -v '^#' scripts/show.d/main-job/acceptance-sample.txt)
printf '%s of %s turned red\n' "$((count - green))" "$count"
[ "$green" -gt 0 ]
