#!/usr/bin/env bash
# each rule is taken away: two families or more change their verdict, or it says why it stands; phrases are a third at most
. scripts/show.d/stage.sh
protection words-read
tests evergrant-engine verdict::audit || exit 1
grep -E ' rules: ' <<<"$printed"
