#!/usr/bin/env bash
# every time to come back that the captured replies tell is read, and more than 60 other forms, nonsense among them
. scripts/show.d/stage.sh
protection reset-told
tests evergrant-engine verdict::reset every_reset_that_a_reply_tells || exit 1
table=crates/engine/tests/it/verdict/reset.rs
replies=$(grep -c '"reset": "' crates/engine/tests/corpus/replies.jsonl)
forms=$(grep -cE '^ +(header|body|sentence)\($|^ +(header|body|sentence)\(["&r]' "$table")
nonsense=$(sed -n '/^fn nonsense_and/,/^}/p' "$table" | grep -cE '^ +r?#?".*,$')
printf 'replies that tell a time: %s, all read to the millisecond; forms in the table: %s, and %s values and sentences that mean nothing\n' \
  "$replies" "$forms" "$nonsense"
[ "$forms" -ge 60 ]
