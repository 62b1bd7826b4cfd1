//! A forgiving reader of JSON: it takes what is cut off, and the single quotes that Python writes.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::found::{Marks, Role};
use super::keys::{self, Meaning};
use super::stride::{self, is};

/// Whether the text begins like an object with at least one key.
pub(super) fn looks_like_object(text: &str) -> bool {
    let rest = text.trim_start_matches(['{', '[']).trim_start();
    text.starts_with(['{', '[']) && rest.starts_with(['"', '\'', '{'])
}

/// Who takes what a reader finds.
pub(super) trait Listener {
    /// An error field's text.
    fn text(&mut self, role: Role, text: &str);
    /// The value of a key that tells when to come back.
    fn hint(&mut self, name: &str, meaning: Meaning, value: &str);
    /// A status named inside the body.
    fn inner_status(&mut self, status: u16);
    /// What the top level shows.
    fn marks(&mut self) -> &mut Marks;
    /// How many codes were found so far.
    fn codes(&self) -> usize;
    /// Whether this is the outermost body, not one that was nested in a string.
    fn is_outermost(&self) -> bool;
}

/// Reads a body and hands on its error fields; stops silently where it can no longer be read.
pub(super) fn read<L: Listener>(text: &str, sink: &mut L) {
    let mut reader = Reader {
        text,
        at: 0,
        wrapped: false,
        sink,
    };
    let ended = reader.value("", &keys::TOP, 0).is_some();
    reader.space();
    if ended && reader.at == reader.text.len() && reader.sink.is_outermost() {
        reader.sink.marks().whole = true;
    }
}

struct Reader<'t, 's, L> {
    text: &'t str,
    at: usize,
    /// Whether the next object is the whole answer in a wrapper, and its keys are those of the top level.
    wrapped: bool,
    sink: &'s mut L,
}

/// What kind of object is read.
#[derive(Clone, Copy)]
enum Inside<'k> {
    /// One with an error's fields.
    Fields,
    /// One with headers.
    Headers,
    /// One that is the time that this key tells.
    Time(&'k str),
}

/// What a value turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    False,
    EmptyText,
    Other,
}

impl<'t, L: Listener> Reader<'t, '_, L> {
    #[inline(always)]
    fn value(&mut self, key: &str, meaning: &Meaning, depth: u8) -> Option<Kind> {
        self.space();
        match self.peek()? {
            b'"' | b'\'' => self.text_value(key, meaning),
            _ => self.other_value(key, meaning, depth),
        }
    }

    #[inline(always)]
    fn text_value(&mut self, key: &str, meaning: &Meaning) -> Option<Kind> {
        let text = self.string()?;
        if meaning.hint.is_some() {
            self.sink.hint(key, *meaning, &text.plain());
        } else if let Some(role) = meaning.role {
            let text = text.plain();
            // iFlow and others write the status as a text.
            if meaning.status
                && let Ok(status) = text.parse()
            {
                self.sink.inner_status(status);
            }
            self.sink.text(role, &text);
        }
        Some(if text.raw.is_empty() {
            Kind::EmptyText
        } else {
            Kind::Other
        })
    }

    #[inline(never)]
    fn other_value(&mut self, key: &str, meaning: &Meaning, depth: u8) -> Option<Kind> {
        match self.peek()? {
            b'{' if meaning.headers && depth < DEPTH_LIMIT => self.object(Inside::Headers, depth),
            b'{' if meaning.hint.is_some() && depth < DEPTH_LIMIT => self.object(Inside::Time(key), depth),
            b'{' if meaning.descend && depth < DEPTH_LIMIT => self.object(Inside::Fields, depth),
            b'[' if (meaning.descend || meaning.hint.is_some()) && depth < DEPTH_LIMIT => {
                self.array(key, meaning, depth)
            }
            b'{' | b'[' => self.skip_nested(),
            _ => self.scalar(key, meaning),
        }
    }

    fn object(&mut self, inside: Inside<'_>, depth: u8) -> Option<Kind> {
        self.at += 1;
        let top = (depth == 0 || self.wrapped) && self.sink.is_outermost();
        self.wrapped = false;
        if top {
            self.sink.marks().object = true;
        }
        loop {
            self.space();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(Kind::Other);
                }
                b',' => self.at += 1,
                b'"' | b'\'' => {
                    let key = &*self.string()?.plain();
                    self.space();
                    if self.peek()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    let other;
                    let (name, meaning) = match inside {
                        Inside::Fields => match keys::known(key) {
                            Some(meaning) => (key, meaning),
                            None => {
                                other = keys::in_an_object(key);
                                (key, &other)
                            }
                        },
                        Inside::Headers => {
                            other = keys::header_meaning(key);
                            (key, &other)
                        }
                        Inside::Time(name) => {
                            other = keys::time_meaning(key);
                            (name, &other)
                        }
                    };
                    if meaning.is_error {
                        self.sink.text(Role::Type, key);
                    }
                    let codes = if top { self.begin_at_top(key, depth) } else { None };
                    let kind = self.value(name, meaning, depth + 1);
                    if top {
                        self.end_at_top(key, kind, codes);
                    }
                    kind?;
                }
                _ => return None,
            }
        }
    }

    /// Before the value of a key at the top: gives back how many codes there are if one more is a failure.
    #[inline(never)]
    fn begin_at_top(&mut self, key: &str, depth: u8) -> Option<usize> {
        // Tencent Cloud wraps every answer in one more object, in a 200 as well.
        self.wrapped = depth == 0 && key == "Response";
        // MiniMax sends it with every answer; a code of 0 is success and is not kept.
        (key == "base_resp").then(|| self.sink.codes())
    }

    /// After it; `kind` is `None` if the value was cut off.
    #[inline(never)]
    fn end_at_top(&mut self, key: &str, kind: Option<Kind>, codes: Option<usize>) {
        self.wrapped = false;
        self.mark(key, kind);
        let failed = codes.is_some_and(|codes| self.sink.codes() > codes);
        self.sink.marks().error |= failed;
    }

    fn array(&mut self, key: &str, meaning: &Meaning, depth: u8) -> Option<Kind> {
        self.at += 1;
        loop {
            self.space();
            match self.peek()? {
                b']' => {
                    self.at += 1;
                    return Some(Kind::Other);
                }
                b',' => self.at += 1,
                // An array at the top is an envelope around the envelope: its objects are at the top as well.
                first => {
                    let is_top = depth == 0 && first == b'{';
                    self.value(key, meaning, if is_top { 0 } else { depth + 1 })?;
                }
            }
        }
    }

    /// Notes what a top-level key shows of the body's nature.
    fn mark(&mut self, key: &str, kind: Option<Kind>) {
        let is_set = !matches!(kind, Some(Kind::Null | Kind::EmptyText | Kind::False));
        let marks = self.sink.marks();
        match key {
            "error" | "errors" | "err" | "Error" | "error_code" | "errorCode" | "errcode" | "fault" => {
                marks.error |= is_set;
            }
            _ if keys::names_an_error(key) => marks.error |= is_set,
            "success" | "ok" => marks.error |= kind == Some(Kind::False),
            "access_token" => marks.access_token |= is_set,
            "device_code" | "user_code" | "authorization_code" | "device_auth_id" => marks.code |= is_set,
            _ if keys::is_content(key) => marks.content |= is_set,
            _ => marks.other |= !keys::is_of_errors(key),
        }
    }

    fn scalar(&mut self, key: &str, meaning: &Meaning) -> Option<Kind> {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace())
        {
            self.at += 1;
        }
        let text = self.text.get(start..self.at)?;
        if text.is_empty() {
            return None;
        }
        match text {
            "null" | "None" => return Some(Kind::Null),
            "false" | "False" => return Some(Kind::False),
            "true" | "True" => return Some(Kind::Other),
            _ => {}
        }
        if meaning.hint.is_some() {
            self.sink.hint(key, *meaning, text);
        } else if let Some(role @ (Role::Code | Role::Type)) = meaning.role {
            if meaning.status
                && let Ok(status) = text.parse()
            {
                self.sink.inner_status(status);
            }
            // 0 is the code of success where there is one.
            if text == "0" {
                return Some(Kind::Null);
            }
            self.sink.text(role, text);
        }
        Some(Kind::Other)
    }

    #[inline(always)]
    fn string(&mut self) -> Option<Text<'t>> {
        let quote = self.peek()?;
        self.at += 1;
        // Most have the quotes of JSON, and nothing that is escaped.
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if quote == b'"'
            && let Some(length) = first_of(rest, b'"', b'\\')
            && rest[length] == b'"'
        {
            let raw = self.text.get(self.at..self.at + length)?;
            self.at += length + 1;
            return Some(Text { raw, escaped: false });
        }
        self.any_string(quote)
    }

    #[inline(never)]
    fn any_string(&mut self, quote: u8) -> Option<Text<'t>> {
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            // Cut off: what is there is still a text.
            let Some(found) = memchr2(quote, b'\\', rest) else {
                self.at = self.text.len();
                break;
            };
            self.at += found;
            if rest[found] == b'\\' {
                escaped = true;
                self.at += 2;
            } else if quote == b'"' || self.ends_here() {
                break;
            } else {
                self.at += 1;
            }
        }
        let end = self.at.min(self.text.len());
        let raw = self.text.get(start..end)?;
        self.at = end + 1;
        Some(Text { raw, escaped })
    }

    /// Whether a single quote here ends a text: Python does not escape it where the text has none of the other kind.
    fn ends_here(&self) -> bool {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        next.is_none_or(|byte| matches!(byte, b',' | b'}' | b']' | b':'))
    }

    fn skip_nested(&mut self) -> Option<Kind> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                b'"' => {
                    self.skip_string();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(Kind::Other);
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(rest) = self.text.as_bytes().get(self.at..) {
            let Some(found) = first_of(rest, b'"', b'\\') else {
                break;
            };
            self.at += found + 1;
            if rest[found] == b'"' {
                return;
            }
            self.at += 1;
        }
        self.at = self.text.len();
    }

    fn space(&mut self) {
        // Hardly anything else is so low.
        while self
            .peek()
            .is_some_and(|byte| byte <= b' ' && byte.is_ascii_whitespace())
        {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Where the first of two bytes is: one stride first, because most texts of an envelope are shorter than a call is worth.
#[inline(always)]
fn first_of(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    let Some((head, rest)) = bytes.split_first_chunk() else {
        return memchr2(one, other, bytes);
    };
    let in_head = stride::first(head, |bytes| is(bytes, one) | is(bytes, other));
    in_head.or_else(|| memchr2(one, other, rest).map(|at| head.len() + at))
}

/// A text as it stands in the body.
#[derive(Clone, Copy)]
struct Text<'t> {
    raw: &'t str,
    escaped: bool,
}

impl<'t> Text<'t> {
    #[inline(always)]
    fn plain(self) -> Cow<'t, str> {
        if self.escaped {
            Cow::Owned(unescape(self.raw))
        } else {
            Cow::Borrowed(self.raw)
        }
    }
}

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

/// 12 levels: an error inside a frame inside a list has six.
const DEPTH_LIMIT: u8 = 12;
