#!/usr/bin/env bash
# the engine has no IO crate; the app has neither the engine nor an HTTP client
. scripts/show.d/stage.sh
# Without the floors, the engine would stand where the driver does.
engine=evergrant-engine
if [ -n "${SHOW_BROKEN:-}" ]; then engine=evergrant-driver; fi
red=0
refuse() { if [ -n "$2" ]; then printf 'FAIL %s: %s\n' "$1" "$(tr '\n' ' ' <<<"$2")"; red=1; fi; }

tree=$(cargo tree --locked -p "$engine" -e normal --prefix none | awk '{ print $1 }' | sort -u)
refuse 'IO below the engine' "$(grep -xE 'tokio|hyper|hyper-util|rusqlite|rand|getrandom|tracing-subscriber|reqwest|rustls|socket2|mio' <<<"$tree")"

own=$(cargo tree --locked -p evergrant -e normal --depth 1 --prefix none | awk 'NR > 1 { print $1 }' | sort -u)
refuse 'the app depends on' "$(grep -xE 'evergrant-engine|reqwest|ureq|isahc|curl|attohttpc|minreq|hyper-rustls|tokio-rustls|rustls|rusqlite' <<<"$own")"
calls=$(grep -rnE 'hyper(_util)?::client|(Tcp|Unix)(Stream|Socket)::connect|lookup_host|evergrant_engine' crates/evergrant/src | grep -v '^[^:]*:[0-9]*: *//')
refuse 'the app dials out in' "$calls"

if [ "$red" -ne 0 ]; then exit 1; fi
printf 'engine: %s crates below it, none of them does IO; app: %s direct dependencies, no engine, no client call\n' \
  "$(wc -l <<<"$tree")" "$(wc -l <<<"$own")"
