#!/usr/bin/env bash
# the token endpoint out of order for 3 min in seven ways: no error with a valid token, bounded tries, back within 10 s
. scripts/show.d/stage.sh
protection death-needs-proof
torture outage
