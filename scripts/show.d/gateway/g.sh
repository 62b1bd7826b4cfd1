#!/usr/bin/env bash
# 10,000 idle streams: at most 20 KiB each; idle at most 15 MiB; listening within 50 ms with 100 credentials
. scripts/show.d/stage.sh
protection many-files
measure idle gateway
