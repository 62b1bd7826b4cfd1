#!/usr/bin/env bash
# exit codes: each, and each stable error code that can occur today, seen from a real failure of the real binary
. scripts/show.d/stage.sh
protection exit-codes
tests evergrant interface::exits || exit 1
printf '%s\n' "$printed" | grep -hE '^(exit|HTTP|not today|codes that) ?' | sort -u
printf '%s tests passed\n' "$passed"
