//! The fragment of an answer that `status` shows: its first words, whatever looks like a secret or a person left out.

/// Appends a text to a fragment, within its limit, whatever looks like a secret or a person left out.
pub(super) fn add(fragment: &mut String, text: &str) {
    if fragment.len() >= FRAGMENT_LIMIT {
        return;
    }
    let mut room = FRAGMENT_LIMIT.saturating_sub(count(fragment));
    if room <= 2 {
        return;
    }
    if fragment.is_empty() {
        fragment.reserve(FRAGMENT_LIMIT);
    } else {
        fragment.push_str("; ");
        room -= 2;
    }
    let mut first = true;
    for (word, look) in words(text) {
        let is_secret = (look.is_marked || word.len() >= SHORTEST_SECRET) && is_secret_like(word, look);
        let shown = if is_secret { "[..]" } else { word };
        let length = if look.is_ascii { shown.len() } else { count(shown) } + usize::from(!first);
        if length > room {
            fragment.extend((room > 0).then_some('…'));
            return;
        }
        if !first {
            fragment.push(' ');
        }
        fragment.push_str(shown);
        room -= length;
        first = false;
    }
}

/// What the bytes of a word show.
#[derive(Clone, Copy)]
struct Look {
    is_ascii: bool,
    /// It has an `@` or a `*`.
    is_marked: bool,
}

/// The words of a text, one by one: what fits into a fragment is in the first of them.
fn words(text: &str) -> impl Iterator<Item = (&str, Look)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.starts_with(' ') {
            rest = &rest[1..];
        }
        let mut look = Look {
            is_ascii: true,
            is_marked: false,
        };
        let mut end = 0;
        for byte in rest.bytes().take_while(u8::is_ascii_graphic) {
            look.is_marked |= matches!(byte, b'@' | b'*');
            end += 1;
        }
        if end == 0 || rest.as_bytes().get(end).is_some_and(|byte| *byte != b' ') {
            // Other spaces than the usual one, or other letters.
            rest = rest.trim_start();
            end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            look.is_ascii = rest[..end].is_ascii();
            look.is_marked = rest[..end].contains(['@', '*']);
        }
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some((word, look))
    })
}

fn count(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

/// A word that might be a key, a token, an account's id or an address.
fn is_secret_like(word: &str, look: Look) -> bool {
    let plain = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && (c.is_ascii() || !c.is_alphanumeric()));
    if look.is_marked && (plain.contains('@') || plain.contains("***")) {
        return true;
    }
    let is_keyed = KEYED
        .iter()
        .any(|lead| plain.len() > lead.len() + 4 && begins_like(plain, lead));
    if is_keyed || plain.len() < SHORTEST_RANDOM {
        return is_keyed;
    }
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let capitals = plain.bytes().filter(u8::is_ascii_uppercase).count();
    let is_random = !plain.contains("://") && (digits >= 4 || (digits >= 1 && capitals >= 3));
    is_random || plain.len() > 60 || holds_a_key(plain)
}

/// Whether a key stands behind something else in the same word, as in `key=sk-..`; glued to letters it must be longer,
/// because `task-` is no key.
fn holds_a_key(word: &str) -> bool {
    let bytes = word.as_bytes();
    (0..bytes.len()).any(|at| {
        let is_glued = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        let tail = if is_glued { 20 } else { 12 };
        let rest = word.get(at..).unwrap_or_default();
        KEYED
            .iter()
            .any(|lead| rest.len() >= lead.len() + tail && begins_like(rest, lead))
    })
}

/// Whether the text begins with that, in any letter case.
fn begins_like(text: &str, lead: &str) -> bool {
    let (text, lead) = (text.as_bytes(), lead.as_bytes());
    // No lead has a letter in upper case.
    let may = matches!((text, lead), ([first, ..], [led, ..]) if first | 0x20 == led | 0x20);
    may && text
        .get(..lead.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(lead))
}

/// 200 characters: one line of a terminal and a half.
const FRAGMENT_LIMIT: usize = 200;
/// How keys, tokens and ids begin.
const KEYED: [&str; 12] = [
    "sk-", "sk_", "pk-", "ak-", "xai-", "eyj", "bearer", "org-", "user_", "gsk_", "hf_", "ghp_",
];
/// 20 bytes: shorter words with digits in them are versions, dates and models.
const SHORTEST_RANDOM: usize = 20;
/// 8 bytes: no key, token or id that is worth hiding is shorter.
const SHORTEST_SECRET: usize = 8;
