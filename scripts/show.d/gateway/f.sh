#!/usr/bin/env bash
# request bodies of 100 KB and 2 MB beside nginx: throughput, and memory within bounds
. scripts/show.d/stage.sh
protection helpings
bench against_nginx f
