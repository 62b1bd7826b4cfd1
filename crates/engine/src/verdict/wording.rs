//! Words: lower case, with what a provider merely quotes blanked; and the redacted fragment that `status` shows.

/// Appends the text in lower case.
pub(super) fn push_lowered(into: &mut String, text: &str) {
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
    if text.contains("%20") && !text.contains(' ') {
        return push_masked(into, &text.replace("%20", " "));
    }
    let text = unquoted(text);
    let has_url = text.contains("://");
    let limit = into.len() + TEXT_LENGTH;
    let mut before = ' ';
    let mut at = 0;
    while at < text.len() && into.len() < limit {
        let rest = &text[at..];
        // Plain words are copied whole; only what may open a quotation or a URL is looked at.
        let run = rest
            .bytes()
            .position(|byte| !is_plain(byte, has_url))
            .unwrap_or(rest.len());
        if run > 0 {
            let start = into.len();
            into.push_str(&rest[..run]);
            into[start..].make_ascii_lowercase();
            before = char::from(rest.as_bytes()[run - 1]);
            at += run;
            continue;
        }
        let Some(c) = rest.chars().next() else { return };
        if has_url && is_url(rest) {
            into.push_str("url");
            at += rest
                .find(|c: char| c.is_whitespace() || "\"'`<>),]}".contains(c))
                .unwrap_or(rest.len());
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
}

/// Whether the byte can be copied without a look: a letter of a word, a digit, plain punctuation.
const fn is_plain(byte: u8, has_url: bool) -> bool {
    match byte {
        b'h' | b'H' => !has_url,
        b'"' | b'\'' | b'`' => false,
        _ => byte.is_ascii_graphic(),
    }
}

/// Appends a text to a fragment, within its limit, whatever looks like a secret or a person left out.
pub(super) fn add_fragment(fragment: &mut String, text: &str) {
    let mut room = FRAGMENT_LIMIT.saturating_sub(fragment.chars().count());
    if !fragment.is_empty() && room > 2 {
        fragment.push_str("; ");
        room -= 2;
    }
    let mut first = true;
    for word in text.split_whitespace() {
        let shown = if is_secret_like(word) { "[..]" } else { word };
        let length = shown.chars().count() + usize::from(!first);
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

/// A word that might be a key, a token, an account's id or an address.
fn is_secret_like(word: &str) -> bool {
    if word.len() < SHORTEST_SECRET && !word.contains(['@', '*']) {
        return false;
    }
    let plain = word.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let capitals = plain.bytes().filter(u8::is_ascii_uppercase).count();
    let keyed = [
        "sk-", "pk-", "ak-", "xai-", "eyj", "bearer", "org-", "user_", "gsk_", "hf_",
    ]
    .iter()
    .any(|lead| plain.len() > lead.len() + 4 && starts_with_ignoring_case(plain, lead));
    let looks_random = plain.len() >= 20 && !plain.contains("://") && (digits >= 4 || (digits >= 1 && capitals >= 3));
    keyed || looks_random || plain.len() > 60 || plain.contains('@') || plain.contains("***")
}

fn starts_with_ignoring_case(text: &str, lead: &str) -> bool {
    text.get(..lead.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(lead))
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
    for (at, c) in inner.char_indices() {
        if at > QUOTE_LENGTH {
            return None;
        }
        let after = inner[at + c.len_utf8()..].chars().next();
        // An apostrophe inside a word is not the end of a quotation.
        if c == close && (close != '\'' || after.is_none_or(|next| !next.is_alphanumeric())) {
            return Some(open.len_utf8() + at + c.len_utf8());
        }
    }
    None
}

/// The quoted name of one of OAuth's own parameters: the server speaks of it, it echoes nobody.
fn parameter(span: &str) -> Option<&'static str> {
    let inner = span.trim_matches(['"', '\'', '`']);
    PARAMETERS.iter().find(|name| **name == inner).copied()
}

fn is_url(rest: &str) -> bool {
    starts_with_ignoring_case(rest, "https://") || starts_with_ignoring_case(rest, "http://")
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
/// 2,048 bytes: a longer span between two quotes is two texts with a quote mark each.
const QUOTE_LENGTH: usize = 2_048;
/// 8 bytes: no key, token or id that is worth hiding is shorter.
const SHORTEST_SECRET: usize = 8;
