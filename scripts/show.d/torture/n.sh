#!/usr/bin/env bash
# a soak of 32 processes, tokens that live 5 s and something wrong every second: 0 forced logins, 0 reuses, nothing grows
. scripts/show.d/stage.sh
protection single-flight,reread,lock,claim
torture soak
