#!/usr/bin/env bash
# a disk that is full, broken, read-only, over quota or limited, at every write of a renewal and of a login: nothing is lost
. scripts/show.d/stage.sh
protection journal
torture disk
