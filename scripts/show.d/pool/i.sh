#!/usr/bin/env bash
# pastes, control sequences, 10 MB answers, a stream cut at every byte: terminal intact, what is missing is marked; needs tmux
. scripts/show.d/stage.sh
protection plain-text
tests evergrant fuzz_of_ || exit 1
grep -hE 'plain|cuts|bytes' <<<"$printed"
measure terminal pool
