#!/usr/bin/env bash
# a request's machine is walked through every reachable state with 3 credentials, 2 providers and all verdicts; its invariants hold in each
. scripts/show.d/stage.sh
protection fixed-course
tests evergrant-engine walk_ || exit 1
told 'walked|planted'
printf '%s tests passed\n' "$passed"
