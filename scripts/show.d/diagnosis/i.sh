#!/usr/bin/env bash
# doctor on broken homes, one fault each: it names the fault, the remedy it prints is run as it stands, and doctor is clean
. scripts/show.d/stage.sh
protection private-files
tests evergrant broken_home::
exit=$?
printf '%s\n' "$printed" | grep -o 'mended: .*' | cut -c1-150 | sort
printf '%s homes broken, each named and not one byte changed; %s mended by what was printed, %s skipped where the machine forbids the fault\n' \
  "$passed" "$(grep -c 'mended: ' <<<"$printed")" "$(grep -c 'skipped: ' <<<"$printed")"
exit "$exit"
