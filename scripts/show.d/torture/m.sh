#!/usr/bin/env bash
# oidc-provider and django-oauth-toolkit: 64 processes at each expiry, 10 times: 10 refreshes each, the grant alive; and after a kill midway
. scripts/show.d/stage.sh
protection lock,claim
if [ -z "${EVERGRANT:-}" ]; then
  harness
  export EVERGRANT=$TORTURE/evergrant
fi
scripts/outside --install || exit 1
measure real_servers torture
