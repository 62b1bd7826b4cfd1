#!/usr/bin/env bash
# login by browser, paste and device; 1,000 wrong states during one: the genuine one succeeds
. scripts/show.d/stage.sh
protection state-check
measure wrong_states
