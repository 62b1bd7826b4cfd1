//! Words: lower case, with what a provider merely quotes blanked; and the redacted fragment that `status` shows.

use memchr::{memchr, memchr2};

use crate::protection::{Protection, stands};

/// Appends the text in lower case.
pub(super) fn push_lowered(into: &mut String, text: &str) {
    if text.is_ascii() && text.len() <= TEXT_LENGTH {
        push_ascii(into, text);
        return;
    }
    for c in text.chars().take(TEXT_LENGTH) {
        push_lower(into, c);
    }
}

/// Whether a code is made of several words, or of one that a sentence could have.
pub(super) fn has_words(code: &str) -> bool {
    code.len() <= CODE_LENGTH && code.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Appends a code as the sentence it is: `AccountQuotaExceeded` and `account_quota-exceeded` as `account quota exceeded`.
pub(super) fn push_apart(into: &mut String, code: &str) {
    let mut before = ' ';
    for c in code.chars() {
        let is_apart = matches!(c, '_' | '-' | '.' | ':' | '/' | '#');
        let begins = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (is_apart || begins) && !into.ends_with(' ') {
            into.push(' ');
        }
        if !is_apart {
            push_lower(into, c);
        }
        before = c;
    }
}

/// Appends the text in lower case, each quoted span as `'_'` and each URL as `url`.
pub(super) fn push_masked(into: &mut String, text: &str) {
    if !text.contains(' ') && text.contains("%20") {
        return push_masked(into, &text.replace("%20", " "));
    }
    if !stands(Protection::QuotesBlanked) {
        return push_lowered(into, text);
    }
    let text = unquoted(text);
    let start = into.len();
    let limit = start + TEXT_LENGTH;
    let mut before = ' ';
    let mut at = 0;
    while at < text.len() && into.len() < limit {
        let rest = &text[at..];
        // Plain words are copied whole; only what may open a quotation or a URL is looked at.
        let run = plain_run(&rest.as_bytes()[..rest.len().min(limit - into.len())], before);
        if run > 0 {
            push_ascii(into, &rest[..run]);
            before = char::from(rest.as_bytes()[run - 1]);
            at += run;
            continue;
        }
        let Some(c) = rest.chars().next() else { return };
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
    text.find('{')?;
    if !stands(Protection::QuotesBlanked) {
        return text.find('{').filter(|at| looks_like_object(&text[*at..]));
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
fn plain_run(text: &[u8], before: char) -> usize {
    let mut at = 0;
    let mut spaced = before.is_whitespace();
    while at < text.len() {
        // Whole strides first, in a form that a compiler turns into a few instructions for all of a stride.
        while let Some(stride) = text.get(at..=at + STRIDE) {
            if (spaced && stride[0] == b' ') || !is_plain_stride(stride) {
                break;
            }
            at += STRIDE;
            spaced = stride[STRIDE - 1] == b' ';
        }
        let end = text.len().min(at + STRIDE);
        while at < end {
            match LOOKS[usize::from(text[at])] {
                Look::Plain => spaced = false,
                Look::Space if !spaced => spaced = true,
                Look::Colon if !text[at..].starts_with(b"://") => spaced = false,
                Look::Space | Look::Colon | Look::Open => return at,
            }
            at += 1;
        }
    }
    at
}

/// Whether a stride has nothing but plain bytes and single spaces; the byte behind it is looked at for a second space.
fn is_plain_stride(stride: &[u8]) -> bool {
    let special = stride.iter().zip(&stride[1..]).fold(false, |special, (byte, next)| {
        let is_quote = (*byte == b'"') | (*byte == b'\'') | (*byte == b'`');
        let is_strange = (*byte < b' ') | (*byte >= 0x7f);
        special | is_quote | is_strange | (*byte == b':') | ((*byte == b' ') & (*next == b' '))
    });
    !special
}

/// Takes `http` or `https` off the end again, if it is there.
fn drop_scheme(into: &mut String, start: usize) -> bool {
    let scheme = ["https", "http"]
        .into_iter()
        .find(|scheme| into[start..].ends_with(scheme));
    into.truncate(into.len() - scheme.map_or(0, str::len));
    scheme.is_some()
}

fn push_ascii(into: &mut String, text: &str) {
    let start = into.len();
    into.push_str(text);
    into[start..].make_ascii_lowercase();
}

/// What a byte may be the beginning of.
#[derive(Clone, Copy)]
enum Look {
    Plain,
    Space,
    Colon,
    Open,
}

static LOOKS: [Look; 256] = {
    let mut looks = [Look::Open; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        looks[byte] = Look::Plain;
        byte += 1;
    }
    looks[b' ' as usize] = Look::Space;
    looks[b':' as usize] = Look::Colon;
    looks[b'"' as usize] = Look::Open;
    looks[b'\'' as usize] = Look::Open;
    looks[b'`' as usize] = Look::Open;
    looks
};

/// Appends a text to a fragment, within its limit, whatever looks like a secret or a person left out.
pub(super) fn add_fragment(fragment: &mut String, text: &str) {
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
    let mut add = |word: &str| {
        let shown = if is_secret_like(word) { "[..]" } else { word };
        let length = count(shown) + usize::from(!first);
        if length > room {
            fragment.extend((room > 0).then_some('…'));
            return false;
        }
        if !first {
            fragment.push(' ');
        }
        fragment.push_str(shown);
        room -= length;
        first = false;
        true
    };
    // What fits is in the first words; a text without others is taken apart by its bytes.
    if text.is_ascii() {
        text.split_ascii_whitespace().all(&mut add);
    } else {
        text.split_whitespace().all(&mut add);
    }
}

fn count(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

/// A word that might be a key, a token, an account's id or an address.
fn is_secret_like(word: &str) -> bool {
    let is_marked = memchr2(b'@', b'*', word.as_bytes()).is_some();
    if word.len() < SHORTEST_SECRET && !is_marked {
        return false;
    }
    let plain = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && (c.is_ascii() || !c.is_alphanumeric()));
    if is_marked && (plain.contains('@') || plain.contains("***")) {
        return true;
    }
    let is_keyed = KEYED
        .iter()
        .any(|lead| plain.len() > lead.len() + 4 && starts_with_ignoring_case(plain, lead));
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
            .any(|lead| rest.len() >= lead.len() + tail && starts_with_ignoring_case(rest, lead))
    })
}

fn starts_with_ignoring_case(text: &str, lead: &str) -> bool {
    text.as_bytes()
        .get(..lead.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(lead.as_bytes()))
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
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        if at > QUOTE_LENGTH {
            return Some(rest.len());
        }
        if std::mem::take(&mut escaped) {
            continue;
        }
        escaped = c == '\\';
        let after = inner[at + c.len_utf8()..].chars().next();
        // An apostrophe inside a word is not the end of a quotation.
        if c == close && (close != '\'' || after.is_none_or(|next| !next.is_alphanumeric())) {
            return Some(open.len_utf8() + at + c.len_utf8());
        }
    }
    // Whoever shortens an echo may take its last quote away.
    let shortened = inner.ends_with("...") || inner.ends_with('…');
    shortened.then_some(rest.len())
}

/// Blanks the names of models, tools and projects, and the paths of routes, in a text that is in lower case already.
fn blank_names(into: &mut String, start: usize) {
    let mut found = [(0, 0, ""); NAMES];
    let (mut count, mut at, mut last) = (0, start, "");
    while at < into.len() && count < NAMES {
        let end = memchr(b' ', &into.as_bytes()[at..]).map_or(into.len(), |length| at + length);
        let word = &into[at..end];
        if let Some((skipped, length, stand_in)) = named(word, last, &into[end..]) {
            found[count] = (at + skipped, at + skipped + length, stand_in);
            count += 1;
        }
        last = word;
        at = end + 1;
    }
    for (start, end, stand_in) in found[..count].iter().rev() {
        into.replace_range(*start..*end, stand_in);
    }
}

/// Where in a word stands what is no word of the provider's own, how long it is, and what stands for it: the path of a route,
/// or a name after what it is the name of.
fn named(word: &str, last: &str, after: &str) -> Option<(usize, usize, &'static str)> {
    let bare = word.trim_start_matches(['(', '[']);
    let skipped = word.len() - bare.len();
    if bare.starts_with('/') {
        let length = end_of_word(bare);
        return (length > 1).then_some((skipped, length, "url"));
    }
    let is_named = match last.trim_end_matches(':') {
        "model" | "models" | "deployment" | "project" | "tool" | "function" | "property" => true,
        "for" => after.starts_with(" in "),
        _ => false,
    };
    if !is_named {
        return None;
    }
    let name = bare[..end_of_word(bare)].trim_end_matches(['.', ':', '!', '?']);
    let is_name = name.contains(|c: char| matches!(c, '-' | '_' | '/' | '.') || c.is_ascii_digit());
    is_name.then_some((skipped, name.len(), "'_'"))
}

fn end_of_word(rest: &str) -> usize {
    rest.find(|c: char| c.is_whitespace() || "\"'`<>),;]}".contains(c))
        .unwrap_or(rest.len())
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
/// 200 characters: one line of a terminal and a half.
pub(super) const FRAGMENT_LIMIT: usize = 200;
/// 80 bytes: a code; what is longer is a sentence in the wrong place.
const CODE_LENGTH: usize = 80;
/// 4,096 characters: a sentence is shorter, and a page says what it is in its first lines.
const TEXT_LENGTH: usize = 4_096;
/// 8 names: a sentence that lists more of them has said what it means before.
const NAMES: usize = 8;
/// 2,048 bytes: what is quoted at such length is a request, and what may come after it is no reason.
const QUOTE_LENGTH: usize = 2_048;
/// 32 bytes: as many as a vector register has.
const STRIDE: usize = 32;
/// How keys, tokens and ids begin.
const KEYED: [&str; 12] = [
    "sk-", "sk_", "pk-", "ak-", "xai-", "eyj", "bearer", "org-", "user_", "gsk_", "hf_", "ghp_",
];
/// 20 bytes: shorter words with digits in them are versions, dates and models.
const SHORTEST_RANDOM: usize = 20;
/// 8 bytes: no key, token or id that is worth hiding is shorter.
const SHORTEST_SECRET: usize = 8;
