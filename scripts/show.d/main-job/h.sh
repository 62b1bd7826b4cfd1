#!/usr/bin/env bash
# a refresh answers 400 invalid_grant: one request, 50 restarts later still one; a new login clears it
. scripts/show.d/stage.sh
protection quarantine
measure restarts
