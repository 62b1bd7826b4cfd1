#!/usr/bin/env bash
# affinity: 1,000 conversations over 8 credentials, each of which dies in turn: only its conversations move, spread evenly
. scripts/show.d/stage.sh
protection own-credential
tests evergrant-engine affinity_ || exit 1
told 'affinity:?'
engine=$passed
tests evergrant-driver pool::conversations || exit 1
told 'conversations:?'
printf '%s tests passed\n' "$((engine + passed))"
