#!/usr/bin/env bash
# all budgets: a provider that refuses everything in every way is asked a bounded number of times, for a bounded time, and there is one clear answer
. scripts/show.d/stage.sh
protection tries-bounded
tests evergrant-driver pool::budgets || exit 1
told 'budgets:?'
printf '%s tests passed\n' "$passed"
