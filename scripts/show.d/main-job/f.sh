#!/usr/bin/env bash
# bodies with an authentication marker and entitlement words: unauthenticated, each
. scripts/show.d/stage.sh
protection authentication-first
measure markers
