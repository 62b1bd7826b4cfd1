//! Words: lower case, with what a provider merely quotes blanked.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr2};

use super::names::{blank_names, end_of_word};
use super::stride::{self, Lanes, is, is_no_ascii_from};
use crate::protection::{Protection, stands};

/// Appends the text, letters beyond ASCII in lower case; whoever has appended all texts lowers those of ASCII in one go.
pub(super) fn push(into: &mut String, text: &str) {
    if text.is_ascii() && text.len() <= TEXT_LENGTH {
        into.push_str(text);
        return;
    }
    for c in text.chars().take(TEXT_LENGTH) {
        push_lower(into, c);
    }
}

/// The text without white space around it; most have none.
#[inline]
pub(super) fn trimmed(text: &str) -> &str {
    let ends = text.as_bytes().first().zip(text.as_bytes().last());
    if ends.is_some_and(|(first, last)| first.is_ascii_graphic() && last.is_ascii_graphic()) {
        return text;
    }
    text.trim()
}

/// Whether a code is made of several words, or of one that a sentence could have.
pub(super) fn has_words(code: &str) -> bool {
    code.len() <= CODE_LENGTH && code.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Appends a code as the sentence it is: `AccountQuotaExceeded` and `account_quota-exceeded` as `account quota exceeded`.
pub(super) fn push_apart(into: &mut String, code: &str) {
    let mut apart = [0; 2 * CODE_LENGTH];
    let (mut length, mut before) = (0, Part::Other);
    let mut last = into.bytes().next_back().unwrap_or_default();
    let bytes = code.as_bytes();
    for byte in bytes.get(..CODE_LENGTH).unwrap_or(bytes) {
        let part = PARTS[usize::from(*byte)];
        let begins = match part {
            Part::Between => true,
            Part::Capital => before == Part::Small,
            Part::Small | Part::Other => false,
        };
        if begins && last != b' ' {
            (apart[length], last) = (b' ', b' ');
            length += 1;
        }
        if part != Part::Between {
            last = byte.to_ascii_lowercase();
            apart[length] = last;
            length += 1;
        }
        before = part;
    }
    // What is not ASCII has its own lower case.
    match std::str::from_utf8(&apart[..length]) {
        Ok(apart) if apart.is_ascii() => into.push_str(apart),
        Ok(apart) => push_lowered(into, apart),
        Err(_) => push_lowered(into, code),
    }
}

/// Where spaces follow each other in a text.
pub(super) fn wide_space(text: &[u8]) -> Option<usize> {
    TWO_SPACES.find(text)
}

/// Appends the text in the same way, each quoted span as `'_'` and each URL as `url`.
pub(super) fn push_masked(into: &mut String, text: &str, may_have_wide_spaces: bool) {
    if !text.contains(' ') && text.contains("%20") {
        return push_masked(into, &text.replace("%20", " "), true);
    }
    if !stands(Protection::QuotesBlanked) {
        return push(into, text);
    }
    let text = unquoted(text);
    let start = into.len();
    let limit = start + TEXT_LENGTH;
    let mut before = ' ';
    let mut at = 0;
    while at < text.len() && into.len() < limit {
        let rest = &text[at..];
        // Plain words are copied whole; only what may open a quotation or a URL is looked at.
        let run = plain_run(
            &rest.as_bytes()[..rest.len().min(limit - into.len())],
            before,
            may_have_wide_spaces,
        );
        if run > 0 {
            into.push_str(&rest[..run]);
            before = char::from(rest.as_bytes()[run - 1]);
            at += run;
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        if c == ':' && rest.starts_with("://") && drop_scheme(into, start) {
            into.push_str("url");
            at += end_of_word(rest);
            before = 'l';
        } else if let Some(length) = quoted(rest, c, before) {
            into.push_str(parameter(&rest[..length]).unwrap_or("'_'"));
            at += length;
            before = '\'';
        } else {
            // Runs of white space are one space, so that a phrase survives a page's line breaks.
            if !c.is_whitespace() {
                push_lower(into, c);
            } else if !before.is_whitespace() {
                into.push(' ');
            }
            before = c;
            at += c.len_utf8();
        }
    }
    blank_names(into, start);
}

/// Where the first object begins that is the provider's own: what stands in a quotation is somebody else's.
pub(super) fn own_object(text: &str, looks_like_object: impl Fn(&str) -> bool) -> Option<usize> {
    let first = memchr(b'{', text.as_bytes())?;
    if !stands(Protection::QuotesBlanked) {
        return Some(first).filter(|at| looks_like_object(&text[*at..]));
    }
    let (mut before, mut at) = (' ', 0);
    while let Some(c) = text.get(at..)?.chars().next() {
        let rest = &text[at..];
        if c == '{' && looks_like_object(rest) {
            return Some(at);
        }
        if let Some(length) = quoted(rest, c, before) {
            at += length;
            before = '\'';
        } else {
            at += c.len_utf8();
            before = c;
        }
    }
    None
}

/// How many bytes can be copied without a look: letters, digits, plain punctuation, and a space between words.
fn plain_run(text: &[u8], before: char, may_have_wide_spaces: bool) -> usize {
    let before = match u8::try_from(before) {
        _ if before.is_whitespace() => b' ',
        Ok(byte) => byte,
        Err(_) => b'-',
    };
    if before == b' ' && text.first() == Some(&b' ') {
        return 0;
    }
    let is_special = |at: usize| {
        let last = at.checked_sub(1).map_or(before, |at| text[at]);
        match text[at] {
            b' ' => last == b' ',
            b':' => text[at..].starts_with(b"://"),
            // In a word it is an apostrophe.
            b'\'' => !last.is_ascii_alphabetic(),
            b'!' | b'#'..=b'&' => false,
            _ => true,
        }
    };
    let special = if may_have_wide_spaces {
        stride::find(text, |bytes| may_be_special(bytes) | is(bytes, b' '), is_special)
    } else {
        stride::find(text, may_be_special, is_special)
    };
    special.unwrap_or(text.len())
}

/// Whether bytes may open a quotation or an address, are no letter, digit or sign of ASCII that one sees, or are one of the
/// seldom signs between the quotes.
#[inline(always)]
fn may_be_special(bytes: Lanes) -> Lanes {
    let is_low = is_no_ascii_from(bytes, b'\'' + 1) & !is(bytes, b' ');
    is_low | is(bytes, b'`') | is(bytes, b':')
}

/// Takes `http` or `https` off the end again, if it is there.
fn drop_scheme(into: &mut String, start: usize) -> bool {
    let text = &into.as_bytes()[start..];
    // Of all bytes only the two letters become that small letter.
    let small = |byte: u8| byte | 0x20;
    let length = match (text.last_chunk::<5>(), text.last_chunk::<4>()) {
        (Some(last), _) if last.map(small) == *b"https" => 5,
        (_, Some(last)) if last.map(small) == *b"http" => 4,
        _ => return false,
    };
    into.truncate(into.len() - length);
    true
}

fn push_lowered(into: &mut String, text: &str) {
    let start = into.len();
    push(into, text);
    into[start..].make_ascii_lowercase();
}

/// The text without quotes around all of it: then nothing in it is quoted from elsewhere.
fn unquoted(text: &str) -> &str {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .filter(|inner| !inner.contains('"'));
    inner.unwrap_or(text)
}

/// The length of the quoted span that begins here, with its quotes.
fn quoted(rest: &str, open: char, before: char) -> Option<usize> {
    let close = match open {
        '`' => '`',
        '"' => '"',
        '“' => '”',
        '‘' => '’',
        '\'' if before.is_whitespace() || "([{:=,<>".contains(before) => '\'',
        _ => return None,
    };
    let inner = &rest[open.len_utf8()..];
    let mut at = 0;
    let mut lead = [0; 4];
    let lead = close.encode_utf8(&mut lead).as_bytes()[0];
    while let Some(found) = memchr2(lead, b'\\', &inner.as_bytes()[at..]) {
        at += found;
        if at > QUOTE_LENGTH {
            return Some(rest.len());
        }
        let mut after = inner[at..].chars();
        match after.next() {
            Some('\\') => {
                after.next();
            }
            // An apostrophe inside a word is not the end of a quotation.
            Some(c) if c == close => {
                let goes_on = close == '\'' && after.clone().next().is_some_and(char::is_alphanumeric);
                if !goes_on {
                    return Some(open.len_utf8() + at + c.len_utf8());
                }
            }
            Some(_) | None => {}
        }
        at = inner.len() - after.as_str().len();
    }
    if inner
        .char_indices()
        .next_back()
        .is_some_and(|(at, _)| at > QUOTE_LENGTH)
    {
        return Some(rest.len());
    }
    // Whoever shortens an echo may take its last quote away.
    let shortened = inner.ends_with("...") || inner.ends_with('…');
    shortened.then_some(rest.len())
}

/// The quoted name of one of OAuth's own parameters: the server speaks of it, it echoes nobody.
fn parameter(span: &str) -> Option<&'static str> {
    let inner = span.trim_matches(['"', '\'', '`']);
    PARAMETERS.iter().find(|name| **name == inner).copied()
}

fn push_lower(into: &mut String, c: char) {
    if c.is_ascii() {
        into.push(c.to_ascii_lowercase());
    } else {
        into.extend(c.to_lowercase());
    }
}

/// What a byte is in a code of several words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Small,
    Capital,
    Between,
    Other,
}

static PARTS: [Part; 256] = {
    let mut parts = [Part::Other; 256];
    let mut letter = 0;
    while letter < 26 {
        parts[b'a' as usize + letter] = Part::Small;
        parts[b'A' as usize + letter] = Part::Capital;
        letter += 1;
    }
    let mut at = 0;
    while at < BETWEEN.len() {
        parts[BETWEEN[at] as usize] = Part::Between;
        at += 1;
    }
    parts
};
/// What stands between the words of a code.
const BETWEEN: &[u8] = b"_-.:/#";

static TWO_SPACES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("  "));

/// RFC 6749, 7636 and 8628: what a token request is made of.
const PARAMETERS: &[&str] = &[
    "refresh_token",
    "device_code",
    "client_id",
    "client_secret",
    "redirect_uri",
    "code_verifier",
    "code_challenge",
    "grant_type",
];
/// 80 bytes: a code; what is longer is a sentence in the wrong place.
const CODE_LENGTH: usize = 80;
/// 4,096 characters: a sentence is shorter, and a page says what it is in its first lines.
const TEXT_LENGTH: usize = 4_096;
/// 2,048 bytes: what is quoted at such length is a request, and what may come after it is no reason.
const QUOTE_LENGTH: usize = 2_048;
