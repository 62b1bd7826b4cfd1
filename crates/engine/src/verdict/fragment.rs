//! The fragment of an answer that `status` shows: its first words, whatever looks like a secret or a person left out.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr2, memrchr};

use super::stride::{self, Lanes, is, is_no_ascii_from, small};

/// Appends a text to a fragment, within its limit, whatever looks like a secret or a person left out; gives back whether there
/// was room for it.
pub(super) fn add(fragment: &mut String, text: &str) -> bool {
    let room = FRAGMENT_LIMIT.saturating_sub(count(fragment));
    let has_room = fragment.len() < FRAGMENT_LIMIT && room > 2;
    if has_room {
        add_within(fragment, text, room);
    }
    has_room
}

fn add_within(fragment: &mut String, text: &str, mut room: usize) {
    if fragment.is_empty() {
        fragment.reserve(FRAGMENT_LIMIT + '…'.len_utf8());
    } else {
        fragment.push_str("; ");
        room -= 2;
    }
    // In a short code is nothing to hide.
    if text.len() < SHORTEST_SECRET
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'*'))
    {
        add_whole(fragment, text, room);
        return;
    }
    let mut copied = plain_words(text);
    if copied > 0 {
        let Some(left) = add_plain(fragment, &text[..copied], room) else {
            return;
        };
        room = left;
    }
    // Other spaces than single ones, other letters, and what has a mark of an address.
    while let Some(word) = next_word(text, copied) {
        let shown = if is_secret_like(&text[word.clone()]) {
            SECRET
        } else {
            &text[word.clone()]
        };
        let lead = if copied == 0 { "" } else { " " };
        let length = lead.len() + count(shown);
        if length > room {
            fragment.extend((room > 0).then_some('…'));
            return;
        }
        room -= length;
        fragment.push_str(lead);
        fragment.push_str(shown);
        copied = word.end;
    }
}

/// How many bytes of whole words at a text's beginning have no spaces but single ones between them, no other letters than
/// ASCII's, and no mark of an address or a mask.
fn plain_words(text: &str) -> usize {
    let bytes = text.as_bytes();
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let is_special = |bytes: Lanes| is_no_ascii_from(bytes, b' ') | is(bytes, b'@') | is(bytes, b'*');
    let special = stride::find(head, is_special, |_| true).unwrap_or(head.len());
    let plain = TWO_SPACES.find(&head[..special]).unwrap_or(special);
    if head.first() == Some(&b' ') {
        0
    } else if plain == bytes.len() {
        plain
    } else {
        memrchr(b' ', &head[..plain]).unwrap_or(0)
    }
}

/// Appends such words, and gives back what room is left; `None` if there was too little.
fn add_plain(fragment: &mut String, words: &str, mut room: usize) -> Option<usize> {
    let mut copied = 0;
    while let Some(secret) = next_secret(words, copied) {
        let lead = secret.start.saturating_sub(1);
        room = add_whole(fragment, &words[copied..lead], room)?;
        let shown = if secret.start == 0 { SECRET } else { LATER_SECRET };
        room = add_whole(fragment, shown, room)?;
        copied = secret.end;
    }
    add_whole(fragment, &words[copied..], room)
}

/// Appends whole words, as many as there is room for, and gives back what is left; `None` if there was too little.
fn add_whole(fragment: &mut String, words: &str, room: usize) -> Option<usize> {
    if words.len() <= room {
        fragment.push_str(words);
        return Some(room - words.len());
    }
    let fitting = memrchr(b' ', &words.as_bytes()[..=room]).unwrap_or(0);
    fragment.push_str(&words[..fitting]);
    fragment.extend((fitting < room).then_some('…'));
    None
}

/// Where the next of such words is that might be a secret; without the bytes that are looked for only a long one might.
fn next_secret(words: &str, from: usize) -> Option<Range<usize>> {
    let bytes = words.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        let begun = next_lead(bytes, at).map_or(bytes.len(), |lead| {
            memrchr(b' ', &bytes[at..lead]).map_or(at, |space| at + space + 1)
        });
        let begun = long_word(&bytes[at..begun]).map_or(begun, |long| at + long);
        let end = memchr(b' ', &bytes[begun..]).map_or(bytes.len(), |length| begun + length);
        if end - begun >= SHORTEST_SECRET && is_key_like(&words[begun..end]) {
            return Some(begun..end);
        }
        at = end;
    }
    None
}

/// Where the next byte is by which a key's, a token's or an id's beginning is known, with what is beside it there.
fn next_lead(bytes: &[u8], from: usize) -> Option<usize> {
    let is_odd = |bytes: Lanes| {
        let low = small(bytes);
        is(bytes, b'-') | is(bytes, b'_') | is(low, b'j') | is(low, b'z') | is(low, b'b')
    };
    let beside = |place: usize| bytes.get(place).map_or(b' ', |byte| byte | 0x20);
    let is_lead = |at: usize| {
        let at = from + at;
        let before = beside(at.wrapping_sub(1));
        match bytes[at] | 0x20 {
            b'b' => beside(at + 1) == b'e' && beside(at + 2) == b'a',
            b'j' => before == b'y',
            b'z' => before == b'i',
            // `sk-`, `xai-`, `org-`, `user_`, `ghp_`, `hf_` and the like.
            _ => matches!(before, b'k' | b'i' | b'g' | b'r' | b'p' | b'f'),
        }
    };
    stride::find(&bytes[from..], is_odd, is_lead).map(|at| from + at)
}

/// Where the first word begins that is as long as a secret without such bytes.
fn long_word(words: &[u8]) -> Option<usize> {
    let mut begun = 0;
    while let Some(word) = words.get(begun..begun + SHORTEST_RANDOM) {
        let Some(space) = word.iter().rposition(|byte| *byte == b' ') else {
            return Some(begun);
        };
        begun += space + 1;
    }
    None
}

/// The first word after that place of a text.
fn next_word(text: &str, after: usize) -> Option<Range<usize>> {
    let rest = text[after..].trim_start();
    let begun = text.len() - rest.len();
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (length > 0).then(|| begun..begun + length)
}

fn count(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

/// Whether a word might be a key, a token, an account's id or an address.
fn is_secret_like(word: &str) -> bool {
    let is_marked = memchr2(b'@', b'*', word.as_bytes()).is_some();
    let is_address = || bare(word).contains('@') || bare(word).contains("***");
    (is_marked && is_address()) || ((is_marked || word.len() >= SHORTEST_SECRET) && is_key_like(word))
}

/// The word without signs around it.
fn bare(word: &str) -> &str {
    let ends = word.as_bytes().first().zip(word.as_bytes().last());
    if ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric()) {
        return word;
    }
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether a word might be a key, a token or an account's id.
fn is_key_like(word: &str) -> bool {
    let plain = bare(word);
    let is_keyed = key_lead(plain.as_bytes()).is_some_and(|lead| plain.len() > lead.len() + 4);
    if is_keyed || plain.len() < SHORTEST_RANDOM {
        return is_keyed;
    }
    plain.len() > 60 || is_random(plain) || holds_a_key(plain)
}

fn is_random(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    (digits >= 4 || (digits >= 1 && capitals >= 3)) && !word.contains("://")
}

/// Whether a key stands behind something else in the same word, as in `key=sk-..`; glued to letters it must be longer,
/// because `task-` is no key.
fn holds_a_key(word: &str) -> bool {
    let bytes = word.as_bytes();
    (0..bytes.len()).any(|at| {
        let is_glued = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        let tail = if is_glued { 20 } else { 12 };
        key_lead(&bytes[at..]).is_some_and(|lead| bytes.len() - at >= lead.len() + tail)
    })
}

/// How the text begins if it begins like a key, a token or an id, in any letter case.
fn key_lead(text: &[u8]) -> Option<&'static str> {
    let begins = |lead: &&&str| {
        let head = text.get(..lead.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(lead.as_bytes()))
    };
    leads(*text.first()?).iter().find(begins).copied()
}

/// How keys, tokens and ids begin whose first letter is this one.
const fn leads(first: u8) -> &'static [&'static str] {
    match first | 0x20 {
        b's' => &["sk-", "sk_"],
        b'p' => &["pk-"],
        b'a' => &["ak-", "aiza"],
        b'x' => &["xai-"],
        b'e' => &["eyj"],
        b'b' => &["bearer"],
        b'o' => &["org-"],
        b'u' => &["user_"],
        b'g' => &["gsk_", "ghp_"],
        b'h' => &["hf_"],
        _ => &[],
    }
}

static TWO_SPACES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("  "));

/// What is shown of a secret.
const SECRET: &str = "[..]";
/// The same after other words.
const LATER_SECRET: &str = " [..]";
/// 256 bytes: as many as a fragment has, and the word at its end.
const HEAD: usize = 256;
/// 200 characters: one line of a terminal and a half.
const FRAGMENT_LIMIT: usize = 200;
/// 20 bytes: shorter words with digits in them are versions, dates and models.
const SHORTEST_RANDOM: usize = 20;
/// 8 bytes: no key, token or id that is worth hiding is shorter.
const SHORTEST_SECRET: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_begins_like_a_key_is_left_out_in_the_middle_of_a_sentence() {
        for lead in (b'a'..=b'z').flat_map(leads) {
            for key in [format!("{lead}abcdefgh"), format!("{}ABCDEFGH", lead.to_uppercase())] {
                let mut fragment = String::new();
                assert!(
                    key.len() < SHORTEST_RANDOM,
                    "a longer one would be found without its beginning"
                );
                add(&mut fragment, &format!("the key {key} is wrong"));
                assert_eq!(fragment, "the key [..] is wrong");
            }
        }
    }
}
