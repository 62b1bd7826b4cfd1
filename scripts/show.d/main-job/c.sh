#!/usr/bin/env bash
# the PyPI openai client: 300 calls, the token dies 10 times in every wording, no error reaches it
. scripts/show.d/stage.sh
protection renewal
binary
exec scripts/outside client
