#!/usr/bin/env bash
# five folds of families by hash; each fold is read without the texts of the rules that no other fold has: certain >= 93 %
. scripts/show.d/stage.sh
protection words-read
tests evergrant-engine verdict::folds || exit 1
grep -E '^fold|texts of the rules' <<<"$printed"
