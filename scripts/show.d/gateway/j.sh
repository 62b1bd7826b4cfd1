#!/usr/bin/env bash
# a WebSocket whose token is stale at the upgrade is repaired before the 101; 10,000 messages intact both ways; refusals, closes and abrupt ends pass through
. scripts/show.d/stage.sh
protection renewal
tests evergrant gateway::socket gateway::tunnel || exit 1
told socket
printf '%s tests passed\n' "$passed"
