#!/usr/bin/env bash
# the bytes of the token exchange: form-encoded, every field, the challenge echoed
. scripts/show.d/stage.sh
protection challenge-echo
measure exchange_bytes
