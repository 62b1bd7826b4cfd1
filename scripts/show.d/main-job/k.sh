#!/usr/bin/env bash
# through a CONNECT proxy and with a private CA; a proxy that refuses leaves the refresh token unspent
. scripts/show.d/stage.sh
protection proxy
measure proxy
