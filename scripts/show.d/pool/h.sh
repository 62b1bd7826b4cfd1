#!/usr/bin/env bash
# a chat in a terminal: 20 turns, two deaths of the token, title, summary, another size, resumption; needs tmux
. scripts/show.d/stage.sh
protection renewal
measure chat pool
