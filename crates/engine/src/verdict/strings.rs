//! Texts of a body as they stand between their quotes: where they end, and what they say.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::stride::{self, is};

/// Where a text stands in the body, without its quotes.
#[derive(Clone, Copy)]
pub(super) struct Quoted {
    pub(super) start: usize,
    pub(super) end: usize,
    escaped: bool,
}

impl Quoted {
    /// The one whose first quote is there.
    #[inline(always)]
    pub(super) fn at(body: &str, at: usize) -> Self {
        let text = body.as_bytes().get(at..).and_then(<[u8]>::split_first);
        let (quote, rest) = text.unwrap_or((&b'"', &[]));
        Self::before(body, at, *quote, rest)
    }

    /// The one whose first quote is there, and what follows the quote.
    #[inline(always)]
    pub(super) fn before(body: &str, at: usize, quote: u8, rest: &[u8]) -> Self {
        let start = at + 1;
        // Most have the quotes of JSON, and nothing that is escaped.
        if quote == b'"'
            && let Some(length) = first_of(rest, b'"', b'\\')
            && rest[length] == b'"'
        {
            return Self {
                start,
                end: start + length,
                escaped: false,
            };
        }
        Self::of_any_kind(body.as_bytes(), start, quote)
    }

    #[inline(never)]
    fn of_any_kind(body: &[u8], start: usize, quote: u8) -> Self {
        let (mut at, mut escaped) = (start, false);
        loop {
            let rest = body.get(at..).unwrap_or_default();
            // Cut off: what is there is still a text.
            let Some(found) = memchr2(quote, b'\\', rest) else {
                at = body.len();
                break;
            };
            at += found;
            if rest[found] == b'\\' {
                escaped = true;
                at += 2;
            } else if quote == b'"' || ends_at(body, at) {
                break;
            } else {
                at += 1;
            }
        }
        let end = at.min(body.len());
        Self { start, end, escaped }
    }

    /// What it says, if nothing of it is escaped.
    #[inline(always)]
    pub(super) fn raw(self, body: &str) -> Option<&str> {
        if self.escaped {
            return None;
        }
        body.get(self.start..self.end)
    }

    /// What it says.
    #[inline(always)]
    pub(super) fn plain(self, body: &str) -> Cow<'_, str> {
        let raw = body.get(self.start..self.end).unwrap_or_default();
        if self.escaped {
            Cow::Owned(unescape(raw))
        } else {
            Cow::Borrowed(raw)
        }
    }
}

/// Whether a single quote there ends a text: Python does not escape it where the text has none of the other kind.
fn ends_at(body: &[u8], at: usize) -> bool {
    let rest = body.get(at + 1..).unwrap_or_default();
    let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    next.is_none_or(|byte| matches!(byte, b',' | b'}' | b']' | b':'))
}

/// What follows a text that has begun, if it ends.
#[inline(always)]
pub(super) fn after(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let end = first_of(rest, b'"', b'\\')?;
        if rest[end] == b'"' {
            return Some(&rest[end + 1..]);
        }
        rest = rest.get(end + 2..)?;
    }
}

/// Where the first of two bytes is: a few strides first, because most texts of an envelope are shorter than a call is worth.
#[inline(always)]
fn first_of(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    let (mut rest, mut before) = (bytes, 0);
    for _ in 0..STRIDES {
        let Some((stride, after)) = rest.split_first_chunk() else {
            break;
        };
        if let Some(at) = stride::first(stride, |bytes| is(bytes, one) | is(bytes, other)) {
            return Some(before + at);
        }
        (rest, before) = (after, before + stride.len());
    }
    memchr2(one, other, rest).map(|at| before + at)
}

/// What an escaped text means.
#[inline(never)]
fn unescape(raw: &str) -> String {
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

/// 2 strides: hardly anything but a sentence is longer.
const STRIDES: usize = 2;
