//! Characters that a text of JSON writes with a backslash.

use memchr::memchr;

/// The text that is meant.
#[inline(never)]
pub(super) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let mut after = rest[at + 1..].chars();
        match after.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('b' | 'f') => text.push(' '),
            Some('u') => {
                let digits = after.as_str().get(..4).unwrap_or_default();
                let unit = u32::from_str_radix(digits, 16).ok();
                // Halves of a surrogate pair are not worth joining: no signal has a character beyond the first plane.
                text.push(unit.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
                if digits.len() == 4 {
                    after = after.as_str()[4..].chars();
                }
            }
            Some(other) => text.push(other),
            None => {}
        }
        rest = after.as_str();
    }
    text.push_str(rest);
    text
}
