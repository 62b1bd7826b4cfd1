#!/usr/bin/env bash
# clocks a day ahead and behind, frozen, at 1970, drifting, begun anew: renewed in time, once for each event
. scripts/show.d/stage.sh
protection both-clocks
torture clocks
