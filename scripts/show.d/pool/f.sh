#!/usr/bin/env bash
# three processes on one home: one meets a limit, the others know within 1 s and send nothing that would be refused
. scripts/show.d/stage.sh
protection shared-health
tests evergrant gateway::sharing || exit 1
told 'shared:?'
printf '%s tests passed\n' "$passed"
