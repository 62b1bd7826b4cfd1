#!/usr/bin/env bash
# a dead grant, 16 processes started 100 times each: 1 request in all
. scripts/show.d/stage.sh
protection quarantine
torture dead
