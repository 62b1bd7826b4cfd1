#!/usr/bin/env bash
# status, list and doctor with an expired token: no request, evergrant.db unchanged byte for byte
. scripts/show.d/stage.sh
protection read-only-status
measure read_only
