#!/usr/bin/env bash
# killed at each point of a renewal, no grace: nothing replayed while the access token is usable, nothing lost that reached the journal
. scripts/show.d/stage.sh
protection claim
torture kill
