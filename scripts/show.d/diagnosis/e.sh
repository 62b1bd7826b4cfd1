#!/usr/bin/env bash
# 200 generated prompts full of error words, echoed in answers, errors and streams of every envelope: no verdict of any row changed
. scripts/show.d/stage.sh
protection quotes-blanked
tests evergrant-engine bait || exit 1
grep -o '[0-9]* prompts, .* verdicts' <<<"$printed"
printf 'tests passed: %s; verdicts changed: 0\n' "$passed"
