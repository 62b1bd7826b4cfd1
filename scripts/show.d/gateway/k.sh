#!/usr/bin/env bash
# request smuggling: 100 rows of framing refused or made one request; under 512 slow heads, header bombs and 1,000 connects/s a client goes on at its speed
. scripts/show.d/stage.sh
protection hop-by-hop
tests evergrant gateway::framing gateway::limits || exit 1
told framing
measure attack gateway
