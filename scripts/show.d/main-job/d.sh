#!/usr/bin/env bash
# 256 requests in one gateway hit one dead token at once: 1 refresh, 256 good answers
. scripts/show.d/stage.sh
protection single-flight,reread
measure storm
