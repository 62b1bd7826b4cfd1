#!/usr/bin/env bash
# real clients (PyPI openai, npm openai, ai with openai-compatible and xai; --full: codex, opencode, hermes), 50 calls each with 3 token deaths: 0 errors, one refresh a death
. scripts/show.d/stage.sh
protection renewal
binary
scripts/outside --install ${SHOW_FULL:+--full} || exit 1
exec "$target/outside/python/bin/python" -B tests/outside/clients.py
