#!/usr/bin/env bash
# `explain --jsonl` on every captured reply: how many have their true verdict, by certainty, and every miss by name
. scripts/show.d/stage.sh
protection words-read
measure verdicts diagnosis
