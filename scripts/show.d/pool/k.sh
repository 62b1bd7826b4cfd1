#!/usr/bin/env bash
# a backup brought back: no token that was spent is sent, none at all while an access token serves, then each home sends its copy once
. scripts/show.d/stage.sh
protection restored-is-unknown
tests evergrant-driver renewal::restores a_removed_grant_comes_back a_spent_token_does_not || exit 1
driver=$passed
tests evergrant interface::backup gateway::restored || exit 1
printf '%s tests passed\n' "$((driver + passed))"
