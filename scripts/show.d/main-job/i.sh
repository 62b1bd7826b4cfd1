#!/usr/bin/env bash
# a refresh fails in any other way: the grant lives, the next try succeeds
. scripts/show.d/stage.sh
protection death-needs-proof
measure transient
