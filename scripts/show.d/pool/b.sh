#!/usr/bin/env bash
# the innocent one: of three credentials the first is stale and its grant dies on the way; the second serves, it and the third have no penalty
. scripts/show.d/stage.sh
protection right-blame
tests evergrant-driver pool::innocent || exit 1
told 'innocent:?'
printf '%s tests passed\n' "$passed"
