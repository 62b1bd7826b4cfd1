#!/usr/bin/env bash
# the demo: exit 0, each step with what the provider saw, under 20 s
. scripts/show.d/stage.sh
protection renewal
measure demo
