#!/usr/bin/env bash
# what one connection waits longer than at nginx, and the tail at 16
. scripts/show.d/stage.sh
protection kept-connections
bench against_nginx c
