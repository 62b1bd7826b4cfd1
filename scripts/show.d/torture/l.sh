#!/usr/bin/env bash
# a logout races a renewal 500 times, in one process and in several: nothing comes back, every token is revoked or queued
. scripts/show.d/stage.sh
protection tombstone
torture logout
