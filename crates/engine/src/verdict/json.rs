//! A forgiving reader of JSON: it takes what is cut off, and the single quotes that Python writes.

use std::borrow::Cow;

use memchr::memchr2;

use super::escapes::unescape;
use super::found::{Marks, Role};
use super::keys::{self, Meaning};
use super::spelling::{HEAD, Spellings};
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
        known: keys::known(),
        sink,
    };
    let ended = reader.value(0, &keys::TOP, 0).is_some();
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
    /// The keys as envelopes often write them.
    known: &'static Spellings<Meaning>,
    sink: &'s mut L,
}

/// What kind of object is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// One with an error's fields.
    Fields,
    /// One with headers.
    Headers,
    /// One that is the time that its own key tells.
    Time,
}

/// Where a text stands in the body, without its quotes.
#[derive(Clone, Copy)]
struct Part {
    start: usize,
    end: usize,
    escaped: bool,
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
    /// The value of a key, which begins at that place.
    #[inline(always)]
    fn value(&mut self, key: usize, meaning: &Meaning, depth: u8) -> Option<Kind> {
        self.space();
        let (first, rest) = self.text.as_bytes().get(self.at..)?.split_first()?;
        match *first {
            quote @ (b'"' | b'\'') => {
                let text = self.text_at(self.at, quote, rest);
                Some(self.text_value(key, meaning, &text))
            }
            b'{' if meaning.descend && !meaning.headers && depth < DEPTH_LIMIT => {
                self.object(Inside::Fields, key, depth)
            }
            first => self.other_value(first, key, meaning, depth),
        }
    }

    #[inline(always)]
    fn text_value(&mut self, key: usize, meaning: &Meaning, text: &Part) -> Kind {
        self.at = text.end + 1;
        if meaning.hint.is_some() || meaning.role.is_some() {
            self.take_text(key, meaning, text);
        }
        if text.start == text.end {
            Kind::EmptyText
        } else {
            Kind::Other
        }
    }

    #[inline(never)]
    fn take_text(&mut self, key: usize, meaning: &Meaning, text: &Part) {
        match meaning.role {
            Some(role) if meaning.hint.is_none() && !meaning.status && !text.escaped => {
                self.sink.text(role, self.raw(text));
            }
            _ => self.take_any_text(key, meaning, text),
        }
    }

    #[inline(never)]
    fn take_any_text(&mut self, key: usize, meaning: &Meaning, text: &Part) {
        let text = self.plain(*text);
        if meaning.hint.is_some() {
            self.take_hint(key, meaning, &text);
        } else if let Some(role) = meaning.role {
            // iFlow and others write the status as a text.
            if meaning.status
                && let Ok(status) = text.parse()
            {
                self.sink.inner_status(status);
            }
            self.sink.text(role, &text);
        }
    }

    #[inline(never)]
    fn take_hint(&mut self, key: usize, meaning: &Meaning, value: &str) {
        self.sink.hint(&self.name(key), *meaning, value);
    }

    #[inline(never)]
    fn other_value(&mut self, first: u8, key: usize, meaning: &Meaning, depth: u8) -> Option<Kind> {
        match first {
            b'{' if meaning.headers && depth < DEPTH_LIMIT => self.object(Inside::Headers, key, depth),
            b'{' if meaning.hint.is_some() && depth < DEPTH_LIMIT => self.object(Inside::Time, key, depth),
            b'[' if (meaning.descend || meaning.hint.is_some()) && depth < DEPTH_LIMIT => {
                self.array(key, meaning, depth)
            }
            b'{' | b'[' => self.skip_nested(),
            _ => self.scalar(key, meaning),
        }
    }

    #[inline(never)]
    fn object(&mut self, inside: Inside, outer: usize, depth: u8) -> Option<Kind> {
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
                    let key = self.at;
                    let known = self.key()?;
                    let other;
                    let meaning = match known {
                        Some(meaning) if inside == Inside::Fields => meaning,
                        _ => {
                            other = self.other_meaning(inside, key);
                            &other
                        }
                    };
                    if top {
                        self.value_at_top(key, meaning, depth)?;
                    } else {
                        let name = if inside == Inside::Time { outer } else { key };
                        self.value(name, meaning, depth + 1)?;
                    }
                }
                _ => return None,
            }
        }
    }

    /// Goes past a key and the colon after it; tells what it means if it is one that is written as envelopes often write it.
    #[inline(never)]
    fn key(&mut self) -> Option<Option<&'static Meaning>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        // Both quotes, as much of a key as is looked up, and the colon.
        if let Some([b'"', rest @ ..]) = rest.first_chunk::<{ HEAD + 2 }>()
            && let Some(head) = rest.first_chunk()
            && let Some(length) = stride::first_of_half(head, |bytes| is(bytes, b'"') | is(bytes, b'\\'))
            && rest[length] == b'"'
            && rest[length + 1] == b':'
        {
            self.at += length + 3;
            return Some(self.known.at_head(head, length));
        }
        self.any_key()
    }

    #[inline(never)]
    fn any_key(&mut self) -> Option<Option<&'static Meaning>> {
        let key = self.string();
        self.space();
        (self.peek()? == b':').then(|| {
            self.at += 1;
            self.known.meaning(&self.plain(key))
        })
    }

    /// What another key means.
    #[inline(never)]
    fn other_meaning(&mut self, inside: Inside, key: usize) -> Meaning {
        let key = &*self.name(key);
        match inside {
            Inside::Fields => {
                let meaning = keys::in_an_object(key);
                if meaning.is_error {
                    self.sink.text(Role::Type, key);
                }
                meaning
            }
            Inside::Headers => keys::header_meaning(key),
            Inside::Time => keys::time_meaning(key),
        }
    }

    /// The value of a key at the top.
    #[inline(never)]
    fn value_at_top(&mut self, key: usize, meaning: &Meaning, depth: u8) -> Option<Kind> {
        let name = &*self.name(key);
        // Tencent Cloud wraps every answer in one more object, in a 200 as well.
        self.wrapped = depth == 0 && name == "Response";
        // MiniMax sends it with every answer; a code of 0 is success and is not kept.
        let codes = (name == "base_resp").then(|| self.sink.codes());
        let kind = self.value(key, meaning, depth + 1);
        self.wrapped = false;
        self.mark(name, kind);
        let failed = codes.is_some_and(|codes| self.sink.codes() > codes);
        self.sink.marks().error |= failed;
        kind
    }

    #[inline(never)]
    fn array(&mut self, key: usize, meaning: &Meaning, depth: u8) -> Option<Kind> {
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

    #[inline(never)]
    fn scalar(&mut self, key: usize, meaning: &Meaning) -> Option<Kind> {
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
            self.take_hint(key, meaning, text);
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

    /// Goes past a text.
    #[inline(always)]
    fn string(&mut self) -> Part {
        let text = self.string_at(self.at);
        self.at = text.end + 1;
        text
    }

    /// The text whose first quote is there.
    #[inline(always)]
    fn string_at(&self, at: usize) -> Part {
        let text = self.text.as_bytes().get(at..).and_then(<[u8]>::split_first);
        let (quote, rest) = text.unwrap_or((&b'"', &[]));
        self.text_at(at, *quote, rest)
    }

    /// The text whose first quote is there, and what follows it.
    #[inline(always)]
    fn text_at(&self, at: usize, quote: u8, rest: &[u8]) -> Part {
        let start = at + 1;
        // Most have the quotes of JSON, and nothing that is escaped.
        if quote == b'"'
            && let Some(length) = first_of(rest, b'"', b'\\')
            && rest[length] == b'"'
        {
            return Part {
                start,
                end: start + length,
                escaped: false,
            };
        }
        self.any_string_at(start, quote)
    }

    #[inline(never)]
    fn any_string_at(&self, start: usize, quote: u8) -> Part {
        let bytes = self.text.as_bytes();
        let (mut at, mut escaped) = (start, false);
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            // Cut off: what is there is still a text.
            let Some(found) = memchr2(quote, b'\\', rest) else {
                at = bytes.len();
                break;
            };
            at += found;
            if rest[found] == b'\\' {
                escaped = true;
                at += 2;
            } else if quote == b'"' || self.ends_at(at) {
                break;
            } else {
                at += 1;
            }
        }
        let end = at.min(bytes.len());
        Part { start, end, escaped }
    }

    /// The key whose first quote is there.
    fn name(&self, at: usize) -> Cow<'t, str> {
        self.plain(self.string_at(at))
    }

    /// The text itself.
    #[inline(always)]
    fn plain(&self, part: Part) -> Cow<'t, str> {
        let raw = self.raw(&part);
        if part.escaped {
            Cow::Owned(unescape(raw))
        } else {
            Cow::Borrowed(raw)
        }
    }

    /// The text as it stands there.
    #[inline(always)]
    fn raw(&self, part: &Part) -> &'t str {
        self.text.get(part.start..part.end).unwrap_or_default()
    }

    /// Whether a single quote here ends a text: Python does not escape it where the text has none of the other kind.
    fn ends_at(&self, at: usize) -> bool {
        let rest = self.text.as_bytes().get(at + 1..).unwrap_or_default();
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        next.is_none_or(|byte| matches!(byte, b',' | b'}' | b']' | b':'))
    }

    #[inline(never)]
    fn skip_nested(&mut self) -> Option<Kind> {
        let mut rest = self.text.as_bytes().get(self.at..)?;
        let mut open = 0_usize;
        loop {
            let (first, after) = rest.split_first()?;
            rest = after;
            match first {
                b'"' => rest = after_text(rest)?,
                b'{' | b'[' => open += 1,
                b'}' | b']' if open > 1 => open -= 1,
                b'}' | b']' => {
                    self.at = self.text.len() - rest.len();
                    return Some(Kind::Other);
                }
                _ => {}
            }
        }
    }

    #[inline(always)]
    fn space(&mut self) {
        // Hardly anything else is so low.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.skip_space();
        }
    }

    #[inline(never)]
    fn skip_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let other = rest.iter().position(|byte| !byte.is_ascii_whitespace());
        self.at += other.unwrap_or(rest.len());
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// What follows a text that has begun.
#[inline(always)]
fn after_text(mut rest: &[u8]) -> Option<&[u8]> {
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

/// 12 levels: an error inside a frame inside a list has six.
const DEPTH_LIMIT: u8 = 12;
/// 2 strides: hardly anything but a sentence is longer.
const STRIDES: usize = 2;
