#!/usr/bin/env bash
# every reachable state of the machines is walked; a planted fault (renewing on not-entitled) is found
. scripts/show.d/stage.sh
protection fixed-course
began=$SECONDS
tests evergrant-engine walk_ || exit 1
grep -iE 'states|histor|steps' <<<"$printed"
printf '%s walks in %s s, build included\n' "$passed" "$((SECONDS - began))"
