#!/usr/bin/env bash
# a fresh token refused once: one wait, no refresh, no penalty, a good answer
. scripts/show.d/stage.sh
protection fresh-token-wait
measure fresh_token
