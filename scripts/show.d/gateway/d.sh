#!/usr/bin/env bash
# events 4 ms apart on 64 streams: no event waits for the next, and at most 0.5 ms (p99) is added to its delay
. scripts/show.d/stage.sh
protection no-delay
bench delivery
