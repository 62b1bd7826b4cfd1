#!/usr/bin/env bash
# entitlement (both texts), spending limit, bare 403: 0, 0 and at most 1 refresh, the provider's words reach the client
. scripts/show.d/stage.sh
protection entitlement-never-renews
measure entitlement
