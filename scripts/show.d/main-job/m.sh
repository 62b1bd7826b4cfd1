#!/usr/bin/env bash
# a canary in every secret, logs at TRACE: 0 occurrences in logs, errors, status and pages
. scripts/show.d/stage.sh
protection redaction
measure canary
