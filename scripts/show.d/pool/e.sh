#!/usr/bin/env bash
# cooldowns: every line of the table on virtual time, a weekly reset that is lifted early is found, one 40 days ahead is clamped
. scripts/show.d/stage.sh
protection reset-clamped
tests evergrant-engine cooldown_ || exit 1
told 'cooldown'
printf '%s tests passed\n' "$passed"
