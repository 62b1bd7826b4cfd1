#!/usr/bin/env bash
# what a client key, usage and metrics cost a request, beside a gateway with none of them
. scripts/show.d/stage.sh
protection keys-in-memory
bench cost
