#!/usr/bin/env bash
# usage of 10,000 mixed answers equals what the sandbox told; after a kill -9 under load what is missing was answered in the last second
. scripts/show.d/stage.sh
protection usage-written
measure usage gateway
