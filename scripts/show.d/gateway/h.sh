#!/usr/bin/env bash
# a token dies under full load: no error, one renewal, and a second that is not slow
. scripts/show.d/stage.sh
protection renewal
bench mid_renewal
