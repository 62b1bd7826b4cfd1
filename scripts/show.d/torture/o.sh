#!/usr/bin/env bash
# every order of the steps of three processes, store, lock and provider is explored; each planted fault is found
. scripts/show.d/stage.sh
# Planted one by one, the faults are found by tests of their own; taken away from the whole build, the sound protocol must fail.
protection claim
if [ -n "${SHOW_FULL:-}" ]; then
  wider=(--features wide-model --config 'profile.dev.package.evergrant-engine.opt-level=3')
fi
began=$SECONDS
tests evergrant-engine model_ || exit 1
explored=$(grep ' states, ' <<<"$printed" | sed 's/^[.]*//')
printf '%s\n' "$explored"
printf '%s states in all, %s explorations in %s s, build included\n' \
  "$(sum 'states' <<<"$explored")" "$passed" "$((SECONDS - began))"
