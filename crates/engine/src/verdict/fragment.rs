//! The fragment of an answer that `status` shows: its first words, whatever looks like a secret or a person left out.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::stride::{self, Lanes, is, is_no_ascii_from, small};
use super::wording::wide_space;

/// A fragment, and how many characters there is room for behind it.
#[derive(Clone, Debug)]
pub(super) struct Fragment {
    text: String,
    room: usize,
}

impl Fragment {
    /// Nothing yet.
    pub(super) const fn new() -> Self {
        Self {
            text: String::new(),
            room: FRAGMENT_LIMIT,
        }
    }

    /// What it says.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends a text, as much of it as there is room for, whatever looks like a secret or a person left out.
    pub(super) fn add(&mut self, text: &str, may_have_wide_spaces: bool) {
        if self.text.len() >= FRAGMENT_LIMIT || self.room <= 2 {
            return;
        }
        if self.text.is_empty() {
            self.text = String::with_capacity(FRAGMENT_LIMIT + '…'.len_utf8());
        } else {
            self.text.push_str("; ");
            self.room -= 2;
        }
        // In a short code is nothing to hide.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'*');
        if text.len() < SHORTEST_SECRET && text.bytes().all(is_plain) {
            self.push_plain(text);
            return;
        }
        let mut copied = plain_words(text, may_have_wide_spaces);
        if !self.push_words(&text[..copied]) {
            return;
        }
        // Other spaces than single ones, other letters, and what has a mark of an address.
        while let Some(word) = next_word(text, copied) {
            let lead = if copied == 0 { "" } else { " " };
            copied = word.end;
            if !self.push_word(lead, &text[word]) {
                return;
            }
        }
    }

    /// Appends a word of any kind; whether there was room for it.
    fn push_word(&mut self, lead: &str, word: &str) -> bool {
        let shown = if is_secret_like(word) { SECRET } else { word };
        let length = lead.len() + count(shown);
        if length > self.room {
            self.shorten();
            return false;
        }
        self.text.push_str(lead);
        self.text.push_str(shown);
        self.room -= length;
        true
    }

    /// Appends plain words; whether there was room for all of them.
    fn push_words(&mut self, words: &str) -> bool {
        let mut copied = 0;
        while let Some(secret) = next_secret(words, copied) {
            let lead = secret.start.saturating_sub(1);
            let shown = if secret.start == 0 { SECRET } else { LATER_SECRET };
            if !(self.push_plain(&words[copied..lead]) && self.push_plain(shown)) {
                return false;
            }
            copied = secret.end;
        }
        self.push_plain(&words[copied..])
    }

    /// Appends plain words without secrets, as many as there is room for; whether there was for all of them.
    fn push_plain(&mut self, words: &str) -> bool {
        if words.len() <= self.room {
            self.text.push_str(words);
            self.room -= words.len();
            return true;
        }
        let fitting = memrchr(b' ', &words.as_bytes()[..=self.room]).unwrap_or(0);
        self.text.push_str(&words[..fitting]);
        self.room -= fitting;
        self.shorten();
        false
    }

    /// Shows that something is left out, if there is room for that.
    fn shorten(&mut self) {
        if self.room > 0 {
            self.text.push('…');
            self.room -= 1;
        }
    }
}

/// How many bytes of whole words at a text's beginning have no spaces but single ones between them, no other letters than
/// ASCII's, and no mark of an address or a mask.
fn plain_words(text: &str, may_have_wide_spaces: bool) -> usize {
    let bytes = text.as_bytes();
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let is_special = |bytes: Lanes| is_no_ascii_from(bytes, b' ') | is(bytes, b'@') | is(bytes, b'*');
    let special = stride::find(head, is_special, |_| true).unwrap_or(head.len());
    let wide = may_have_wide_spaces.then(|| wide_space(&head[..special]));
    let plain = wide.flatten().unwrap_or(special);
    if head.first() == Some(&b' ') {
        0
    } else if plain == bytes.len() {
        plain
    } else {
        memrchr(b' ', &head[..plain]).unwrap_or(0)
    }
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
            b'z' => before == b'i' && beside(at.wrapping_sub(2)) == b'a',
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
        let Some(space) = stride::last(word, |bytes| is(bytes, b' ')) else {
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
    let plain = rest.bytes().take_while(u8::is_ascii_graphic).count();
    let length = rest[plain..]
        .find(char::is_whitespace)
        .map_or(rest.len(), |more| plain + more);
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
    let is_marked = word.bytes().any(|byte| matches!(byte, b'@' | b'*'));
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
    if key_lead(plain.as_bytes()).is_some_and(|lead| plain.len() > lead.len() + 4) {
        return true;
    }
    let signed = with_signs(word);
    let is_random = || plain.len() >= SHORTEST_RANDOM && is_random(plain);
    signed.len() >= SHORTEST_RANDOM && (plain.len() > 60 || is_random() || holds_a_key(signed))
}

/// The word without what no key ends with: some end with signs.
fn with_signs(word: &str) -> &str {
    word.trim_end_matches(|c: char| !c.is_alphanumeric() && !"-_.@+/=".contains(c))
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
                let mut fragment = Fragment::new();
                assert!(
                    key.len() < SHORTEST_RANDOM,
                    "a longer one would be found without its beginning"
                );
                fragment.add(&format!("the key {key} is wrong"), true);
                assert_eq!(fragment.as_str(), "the key [..] is wrong");
            }
        }
    }

    #[test]
    fn a_key_that_is_glued_to_a_word_may_end_with_signs() {
        for key in [
            "AIzation_peoriAIza+tion_",
            "AIzaabc_________________",
            "AIzaabcdefghijklmnopq.==",
        ] {
            let mut fragment = Fragment::new();
            fragment.add(&format!("error=thori{key}\u{1} of it"), false);
            assert_eq!(fragment.as_str(), "[..] of it", "{key}");
        }
    }
}
