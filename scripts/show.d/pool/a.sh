#!/usr/bin/env bash
# a stale token when the title is asked for, when the summary is, in chat, in gateway, in `token`: 1 refresh each, the same steps in all five
. scripts/show.d/stage.sh
protection renewal
tests evergrant callers_ || exit 1
grep -hE 'refresh$|same' <<<"$printed"
printf 'five callers, %s tests passed\n' "$passed"
