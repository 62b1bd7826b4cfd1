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
    // Words that stand one space apart are copied together: from `begun`, and up to `copied` so far.
    let (mut begun, mut copied, mut first) = (0, 0, true);
    for word in words(text) {
        let is_secret = word.is_secret();
        let shown = if is_secret { "[..]" } else { word.text };
        let length = count(shown) + usize::from(!first);
        if length > room {
            fragment.push_str(&text[begun..copied]);
            fragment.extend((room > 0).then_some('…'));
            return;
        }
        room -= length;
        let end = word.begun + word.text.len();
        let follows = word.begun == copied + 1 && text[copied..].starts_with(' ');
        if first || !follows || is_secret {
            fragment.push_str(&text[begun..copied]);
            fragment.extend((!first).then_some(' '));
            begun = word.begun;
        }
        if is_secret {
            fragment.push_str(shown);
            begun = end;
        }
        (copied, first) = (end, false);
    }
    fragment.push_str(&text[begun..copied]);
}

/// A word of a text.
struct Word<'t> {
    text: &'t str,
    /// Where it begins.
    begun: usize,
    /// Whether it has a byte that most words do not have, and secrets do.
    is_odd: bool,
}

/// The words of a text, one by one: what fits into a fragment is in the first of them.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut rest = &text[at..];
        rest = rest.strip_prefix(' ').unwrap_or(rest);
        let mut seen = Look::LETTER;
        let looks = rest.bytes().map(|byte| LOOKS[usize::from(byte)]);
        let mut end = 0;
        for look in looks.take_while(|look| *look != Look::END) {
            seen |= look;
            end += 1;
        }
        let mut is_odd = seen == Look::ODD;
        if end == 0 || rest.as_bytes().get(end).is_some_and(|byte| *byte != b' ') {
            // Other spaces than the usual one, or other letters.
            rest = rest.trim_start();
            end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            is_odd = true;
        }
        let begun = text.len() - rest.len();
        at = begun + end;
        let text = &rest[..end];
        (!text.is_empty()).then_some(Word { text, begun, is_odd })
    })
}

/// What a byte is to a word, as bits.
struct Look;

impl Look {
    const LETTER: u8 = 0;
    const ODD: u8 = 1;
    const END: u8 = 2;
}

static LOOKS: [u8; 256] = {
    let mut looks = [Look::END; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        looks[byte] = Look::LETTER;
        byte += 1;
    }
    let mut at = 0;
    while at < ODD.len() {
        looks[ODD[at] as usize] = Look::ODD;
        at += 1;
    }
    looks
};

fn count(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

impl Word<'_> {
    /// Whether it might be a key, a token, an account's id or an address.
    fn is_secret(&self) -> bool {
        (self.is_odd || self.text.len() >= SHORTEST_RANDOM) && is_secret_like(self.text)
    }
}

fn is_secret_like(word: &str) -> bool {
    let is_marked = word.contains(['@', '*']);
    if word.len() < SHORTEST_SECRET && !is_marked {
        return false;
    }
    let plain = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && (c.is_ascii() || !c.is_alphanumeric()));
    if is_marked && (plain.contains('@') || plain.contains("***")) {
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

/// What is in every mark of an address or a mask, and in each of the beginnings below.
const ODD: [u8; 8] = *b"@*-_jJbB";
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
