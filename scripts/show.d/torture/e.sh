#!/usr/bin/env bash
# whoever asked for a renewal leaves in the middle of it, 300 times in 9 ways: no rotation lost
. scripts/show.d/stage.sh
protection uncancellable
torture cancel
