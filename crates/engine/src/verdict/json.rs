//! A forgiving reader of JSON: it takes what is cut off, and the single quotes that Python writes.

use std::borrow::Cow;

use super::found::{Marks, Role};
use super::keys::{self, Meaning};
use super::spelling::{HEAD, Spellings};
use super::stride::{self, is};
use super::strings::{self, Quoted};

/// Whether the text begins like an object with at least one key, and no deeper than is read.
pub(super) fn looks_like_object(text: &str) -> bool {
    let limit = usize::from(DEPTH_LIMIT);
    let opening = text.bytes().take(limit + 1);
    let depth = opening.take_while(|byte| matches!(byte, b'{' | b'[')).count();
    (1..=limit).contains(&depth) && text[depth..].trim_start().starts_with(['"', '\'', '{'])
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
        hints: HINT_LIMIT,
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
    /// How many more hints are taken: the key of each is read again.
    hints: u8,
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
                let text = Quoted::before(self.text, self.at, quote, rest);
                Some(self.text_value(key, meaning, &text))
            }
            // No key that holds fields is a hint as well.
            b'{' if meaning.descend && !meaning.headers && depth < DEPTH_LIMIT => {
                self.object(Inside::Fields, key, depth)
            }
            first => self.other_value(first, key, meaning, depth),
        }
    }

    #[inline(always)]
    fn text_value(&mut self, key: usize, meaning: &Meaning, text: &Quoted) -> Kind {
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
    fn take_text(&mut self, key: usize, meaning: &Meaning, text: &Quoted) {
        match (meaning.role, text.raw(self.text)) {
            (Some(role), Some(raw)) if meaning.hint.is_none() && !meaning.status => self.sink.text(role, raw),
            _ => self.take_any_text(key, meaning, text),
        }
    }

    #[inline(never)]
    fn take_any_text(&mut self, key: usize, meaning: &Meaning, text: &Quoted) {
        let text = text.plain(self.text);
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
        let Some(left) = self.hints.checked_sub(1) else { return };
        self.hints = left;
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
            self.known.meaning(&key.plain(self.text))
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
    fn string(&mut self) -> Quoted {
        let text = Quoted::at(self.text, self.at);
        self.at = text.end + 1;
        text
    }

    /// The key whose first quote is there.
    fn name(&self, at: usize) -> Cow<'t, str> {
        Quoted::at(self.text, at).plain(self.text)
    }

    #[inline(never)]
    fn skip_nested(&mut self) -> Option<Kind> {
        let mut rest = self.text.as_bytes().get(self.at..)?;
        let mut open = 0_usize;
        loop {
            let (first, after) = rest.split_first()?;
            rest = after;
            match first {
                b'"' => rest = strings::after(rest)?,
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

/// 12 levels: an error inside a frame inside a list has six.
const DEPTH_LIMIT: u8 = 12;
/// 64 hints: twice as many as are kept.
const HINT_LIMIT: u8 = 64;
