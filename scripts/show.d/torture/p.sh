#!/usr/bin/env bash
# an answer that was read is durable within 25 ms (p99)
. scripts/show.d/stage.sh
protection journal
torture exposure
