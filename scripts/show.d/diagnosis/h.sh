#!/usr/bin/env bash
# remedies: one is pinned for each verdict, channel and kind of credential; rules hold for all of them, and every command parses
. scripts/show.d/stage.sh
protection remedy-by-kind
# What differs is said, and nothing is written into the tree.
export INSTA_UPDATE=no
tests evergrant-engine verdict::advice || exit 1
printf '%s\n' "$printed" | grep -h 'are pinned'
printf 'rules over all of them: %s tests passed\n' "$((passed - 1))"
tests evergrant suggested_commands || exit 1
printf '%s\n' "$printed" | grep -h 'commands that are suggested'
printf 'and those of every remedy: %s tests passed\n' "$passed"
