#!/usr/bin/env bash
# 120 processes are refused in the same second, with 401, then with 403: 1 refresh each time, 0 errors
. scripts/show.d/stage.sh
protection single-flight,reread
torture burst
