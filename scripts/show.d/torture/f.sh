#!/usr/bin/env bash
# whoever renews is stopped for 30 s at each step: no second send, no wait with a good token, a typed error within 25 s
. scripts/show.d/stage.sh
protection lock,claim
torture stop
