#!/usr/bin/env bash
# a backup brought back revives nothing that was logged out or removed here, unless that is asked for
. scripts/show.d/stage.sh
protection ended-stays-ended
tests evergrant-driver a_removed_grant_comes_back a_logout_is_undone || exit 1
driver=$passed
tests evergrant interface::backup || exit 1
printf '%s tests passed\n' "$((driver + passed))"
