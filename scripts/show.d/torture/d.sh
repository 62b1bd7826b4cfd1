#!/usr/bin/env bash
# the same at a provider with a grace of 60 s: every grant alive
. scripts/show.d/stage.sh
protection grace-replay
torture grace
