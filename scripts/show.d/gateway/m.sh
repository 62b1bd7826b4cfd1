#!/usr/bin/env bash
# told to end ten times and to read its files a hundred times under load: 0 failed requests
. scripts/show.d/stage.sh
protection drained-end
measure ending gateway
