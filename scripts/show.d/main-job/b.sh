#!/usr/bin/env bash
# scripts/test on a fresh clone: green, under 20 min on 2 cores
. scripts/show.d/stage.sh
unprotected
clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
git clone --quiet . "$clone/evergrant" || exit 1
began=$SECONDS
(cd "$clone/evergrant" && env -u CARGO_TARGET_DIR -u EVERGRANT scripts/test) || exit 1
took=$((SECONDS - began))
printf 'scripts/test: green after %s s on %s cores\n' "$took" "$(nproc)"
[ "$took" -lt 1200 ]
