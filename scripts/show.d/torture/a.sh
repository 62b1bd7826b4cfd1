#!/usr/bin/env bash
# 128 processes with 64 tasks each find one token stale: 1 request, 0 errors
. scripts/show.d/stage.sh
protection single-flight,reread
torture storm
