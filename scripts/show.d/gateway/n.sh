#!/usr/bin/env bash
# beside nginx, haproxy, the LiteLLM proxy and the Hermes proxy: a table; installs what it compares
. scripts/show.d/stage.sh
unprotected
bench comparison
