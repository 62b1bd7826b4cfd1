//! Finds a few members of a JSON object while it is coming in, without keeping or parsing the rest.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memchr2;

use super::member_name::is_named;

/// What a request's body says of how it is to be treated.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Skimmed {
    /// `model`, if it is a text.
    pub(super) model: Option<String>,
    /// What the caller names its conversation by, for the provider's prompt cache.
    pub(super) prompt_cache_key: Option<String>,
    /// The answer that it goes on from.
    pub(super) previous_response_id: Option<String>,
    /// Whether `store` or `background` is true: then a second request leaves a second object behind.
    pub(super) leaves_something: bool,
    /// Whether `background` or `deferred`, in any writing, is more than false or null: then the answer may be made later.
    pub(super) is_put_off: bool,
}

/// Reads a body piece by piece.
#[derive(Debug, Default)]
pub(super) struct Skim {
    found: Skimmed,
    depth: u32,
    expect: Expect,
    member: Member,
    text: Option<Text>,
    ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expect {
    #[default]
    Object,
    Key,
    Colon,
    Value,
    Comma,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Member {
    Model,
    CacheKey,
    Previous,
    Switch,
    /// `background`: a switch, too.
    PutOff,
    #[default]
    Other,
}

/// A string that goes on in the next piece.
#[derive(Debug)]
struct Text {
    escaped: bool,
    /// The raw characters between the quotes; `None` if nobody wants them, or if they are too many.
    raw: Option<Vec<u8>>,
}

impl Skim {
    /// Everything that is wanted of a body.
    pub(super) fn all(pieces: &[Bytes]) -> Skimmed {
        let mut skim = Self::default();
        for piece in pieces {
            skim.feed(piece);
        }
        skim.found()
    }

    /// The model alone, from as little of the body as tells it.
    pub(super) fn model_alone(pieces: &[Bytes]) -> Skimmed {
        let mut skim = Self::default();
        let _ = pieces.iter().any(|piece| skim.feed(piece));
        skim.found()
    }

    /// Reads on; answers whether `model` is known or cannot come any more.
    pub(super) fn feed(&mut self, piece: &[u8]) -> bool {
        let mut rest = piece;
        while !self.ended {
            if self.text.is_some() {
                match self.in_text(rest) {
                    Some(after) => rest = after,
                    None => break,
                }
                continue;
            }
            if self.depth > 1 {
                rest = self.within(rest);
                if self.text.is_some() {
                    continue;
                }
            }
            let Some((byte, after)) = rest.split_first() else { break };
            rest = if *byte == b'"' && self.depth == 1 {
                self.begin_text(after)
            } else {
                self.between(*byte);
                after
            };
        }
        self.ended || self.found.model.is_some()
    }

    /// Whether it was one object, from its first bracket to its last.
    pub(super) fn is_whole(&self) -> bool {
        self.ended && self.expect != Expect::Object
    }

    /// What was found so far.
    pub(super) fn found(self) -> Skimmed {
        self.found
    }

    /// What stands within a member's value, of which nothing is wanted; answers what follows it, or a string in it that goes
    /// on in the next piece.
    fn within<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let is_mark = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
        let mut rest = piece;
        while self.depth > 1 {
            let Some(at) = rest.iter().position(is_mark) else {
                return &[];
            };
            let after = &rest[at + 1..];
            rest = match rest[at] {
                b'"' => match text_length(after) {
                    Some(length) => &after[length + 1..],
                    None => {
                        self.text = Some(Text::begun(false));
                        return after;
                    }
                },
                b'{' | b'[' => {
                    self.depth = self.depth.saturating_add(1);
                    after
                }
                _ => {
                    self.depth -= 1;
                    after
                }
            };
        }
        rest
    }

    /// A byte at the top, or ahead of it, that begins no string.
    fn between(&mut self, byte: u8) {
        match (byte, self.depth) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {}
            // A byte order mark.
            (0xef | 0xbb | 0xbf, 0) if self.expect == Expect::Object => {}
            (b'{', 0) => {
                self.depth = 1;
                self.expect = Expect::Key;
            }
            (_, 0) => self.ended = true,
            (b'{' | b'[', depth) => {
                self.found.is_put_off |= self.is_value_of_put_off();
                self.depth = depth + 1;
            }
            (b'}' | b']', depth) => {
                self.depth = depth - 1;
                self.ended = self.depth == 0;
            }
            (b':', _) => self.expect = Expect::Value,
            (b',', _) => {
                self.expect = Expect::Key;
                self.member = Member::Other;
            }
            (byte, _) if self.expect == Expect::Value && self.member == Member::Switch => {
                self.found.leaves_something |= byte == b't';
                self.expect = Expect::Comma;
            }
            (byte, _) if self.is_value_of_put_off() => {
                self.found.leaves_something |= byte == b't';
                self.found.is_put_off |= !matches!(byte, b'f' | b'n');
                self.expect = Expect::Comma;
            }
            (_, _) => {}
        }
    }

    fn is_value_of_put_off(&self) -> bool {
        self.expect == Expect::Value && self.member == Member::PutOff
    }

    /// A string has begun at the top; answers what follows it, or all of it if it goes on in the next piece.
    fn begin_text<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let is_wanted = match (self.expect, self.member) {
            (Expect::Key, _) | (Expect::Value, Member::Model | Member::CacheKey | Member::Previous) => true,
            (Expect::Value, Member::Switch | Member::PutOff | Member::Other)
            | (Expect::Object | Expect::Colon | Expect::Comma, _) => false,
        };
        self.found.is_put_off |= self.is_value_of_put_off();
        let Some(length) = text_length(piece) else {
            self.text = Some(Text::begun(is_wanted));
            return piece;
        };
        self.said(Some(&piece[..length]).filter(|raw| is_wanted && raw.len() <= TEXT_LIMIT));
        &piece[length + 1..]
    }

    /// The inside of a string; answers what follows it, or `None` if it goes on in the next piece.
    fn in_text<'a>(&mut self, piece: &'a [u8]) -> Option<&'a [u8]> {
        let text = self.text.as_mut()?;
        let mut at = 0;
        while at < piece.len() {
            if text.escaped {
                text.escaped = false;
                at += 1;
                continue;
            }
            let Some(stop) = memchr2(b'"', b'\\', &piece[at..]) else {
                break;
            };
            at += stop + 1;
            if piece[at - 1] == b'\\' {
                text.escaped = true;
                continue;
            }
            text.take(&piece[..at - 1]);
            if let Some(Text { raw, .. }) = self.text.take() {
                self.said(raw.as_deref());
            }
            return Some(&piece[at..]);
        }
        text.take(piece);
        None
    }

    /// A string has ended.
    fn said(&mut self, raw: Option<&[u8]>) {
        if self.depth != 1 {
            return;
        }
        match self.expect {
            Expect::Key => {
                self.member = raw.map(Member::named).unwrap_or_default();
                self.expect = Expect::Colon;
            }
            Expect::Value => {
                let text = || raw.and_then(unescaped).map(Cow::into_owned);
                match self.member {
                    Member::Model => self.found.model = text(),
                    Member::CacheKey => self.found.prompt_cache_key = text(),
                    Member::Previous => self.found.previous_response_id = text(),
                    Member::Switch | Member::PutOff | Member::Other => {}
                }
                self.expect = Expect::Comma;
            }
            Expect::Object | Expect::Colon | Expect::Comma => {}
        }
    }
}

impl Member {
    /// The one whose name stands between two quotes.
    fn named(raw: &[u8]) -> Self {
        let read = if raw.contains(&b'\\') {
            unescaped(raw).map(|name| Cow::Owned(name.into_owned().into_bytes()))
        } else {
            Some(Cow::Borrowed(raw))
        };
        match read.as_deref() {
            Some(b"model") => Self::Model,
            Some(b"prompt_cache_key") => Self::CacheKey,
            Some(b"previous_response_id") => Self::Previous,
            Some(b"store") => Self::Switch,
            Some(name) if may_put_off(name) => Self::PutOff,
            Some(_) | None => Self::Other,
        }
    }
}

/// Whether a member of this name lets an answer be made later; what is left out of a name makes none of them longer.
fn may_put_off(name: &[u8]) -> bool {
    let is =
        |known: &str| name.len() >= known.len() && std::str::from_utf8(name).is_ok_and(|name| is_named(name, known));
    PUT_OFF.into_iter().any(is)
}

impl Text {
    fn begun(is_wanted: bool) -> Self {
        Self {
            escaped: false,
            raw: is_wanted.then(Vec::new),
        }
    }

    fn take(&mut self, more: &[u8]) {
        if let Some(raw) = &mut self.raw {
            if raw.len() + more.len() > TEXT_LIMIT {
                self.raw = None;
            } else {
                raw.extend_from_slice(more);
            }
        }
    }
}

/// How long the string is whose first quote stands before the piece; `None` if it goes on in the next one.
fn text_length(piece: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', piece.get(at..)?)?;
        if piece[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// The text between two quotes, its escapes undone.
fn unescaped(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(raw).ok()?;
    if raw.contains(&b'\\') {
        serde_json::from_str(&format!("\"{text}\"")).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(text))
    }
}

/// The members that let an answer be made later: of OpenAI and Google, and of xAI.
const PUT_OFF: [&str; 2] = ["background", "deferred"];

/// Longer than the name of any model.
const TEXT_LIMIT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, model: Option<&str>, leaves_something: bool) {
        // Whole, and cut at every place.
        for piece in [body.len().max(1), 1, 2, 3, 7] {
            let mut skim = Skim::default();
            for part in body.as_bytes().chunks(piece) {
                skim.feed(part);
            }
            let expected = Skimmed {
                model: model.map(str::to_owned),
                leaves_something,
                ..Skimmed::default()
            };
            let found = Skimmed {
                is_put_off: false,
                ..skim.found()
            };
            assert_eq!(found, expected, "{body} in pieces of {piece}");
        }
    }

    #[test]
    fn the_model_is_found_wherever_it_stands() {
        check(r#"{"model":"grok-4.3","messages":[]}"#, Some("grok-4.3"), false);
        check(
            r#" { "messages" : [ { "content" : "say \"model\": \"no\"" , "model":"inner" } ] , "model" : "a/b:c" } "#,
            Some("a/b:c"),
            false,
        );
        check(r#"{"model":"\u0067rok\/4","x":1}"#, Some("grok/4"), false);
        check(r#"{"mod\u0065l":"m"}"#, Some("m"), false);
        check("\u{feff}{\"model\":\"m\"}", Some("m"), false);
    }

    #[test]
    fn a_model_is_found_behind_and_within_texts_of_every_length() {
        for length in (0..20).chain(61..67).chain(TEXT_LIMIT - 3..TEXT_LIMIT + 3) {
            for last in ["", "\\\"", "\\\\", "\\\\\\\"", "\\u0022", "\u{e9}"] {
                let text = format!("{}{last}", "x".repeat(length));
                let value: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
                let named = (text.len() <= TEXT_LIMIT).then_some(value.as_str());
                check(&format!("{{\"model\":\"{text}\"}}"), named, false);
                check(
                    &format!("{{\"{text}\":[\"{text}\"],\"model\":\"m\"}}"),
                    Some("m"),
                    false,
                );
            }
        }
    }

    #[test]
    fn what_is_no_model_is_not_taken_for_one() {
        check("", None, false);
        check("model=grok", None, false);
        check(r#"["model","grok"]"#, None, false);
        check(r#"{"model":7}"#, None, false);
        check(r#"{"model":{"model":"x"}}"#, None, false);
        check(r#"{"metadata":{"model":"x"},"a":"model"}"#, None, false);
        check(r#"{"a\\":"b\\","model":"c\\"}"#, Some("c\\"), false);
        check(r#"{"model":"never ends"#, None, false);
    }

    #[test]
    fn switches_are_read_at_the_top_only() {
        check(r#"{"store":true}"#, None, true);
        check(r#"{"background": true ,"store":false}"#, None, true);
        check(r#"{"store":false,"metadata":{"store":true},"a":[true]}"#, None, false);
        check(r#"{"store":"true"}"#, None, false);
    }

    #[track_caller]
    fn put_off(body: &str, expected: bool) {
        for piece in [body.len().max(1), 1, 2, 3] {
            let mut skim = Skim::default();
            for part in body.as_bytes().chunks(piece) {
                skim.feed(part);
            }
            assert!(skim.is_whole(), "{body}");
            assert_eq!(skim.found().is_put_off, expected, "{body} in pieces of {piece}");
        }
    }

    #[test]
    fn whatever_may_put_an_answer_off_is_found() {
        for value in ["true", " true", "1", "0", "\"yes\"", "{\"x\":1}", "[]"] {
            put_off(&format!("{{\"model\":\"m\",\"background\":{value},\"x\":1}}"), true);
            put_off(&format!("{{\"background\":false,\"Deferred\\u0000\" :{value}}}"), true);
        }
        for body in [
            "{\"background\":false,\"deferred\":null}",
            "{\"metadata\":{\"background\":true},\"a\":[true,\"background\"]}",
            "{\"store\":true,\"x\":\"background\"}",
            "{}",
        ] {
            put_off(body, false);
        }
        for body in ["", "7", "{", "[{\"background\":true}]", "{\"background\""] {
            let mut skim = Skim::default();
            skim.feed(body.as_bytes());
            assert!(!skim.is_whole(), "{body}");
        }
    }

    #[test]
    fn a_conversations_names_are_found_at_the_top() {
        let mut skim = Skim::default();
        skim.feed(
            br#"{"input":{"prompt_cache_key":"no"},"model":"m","prompt_cache_key":"k","previous_response_id":null,"#,
        );
        skim.feed(br#""x":{"previous_response_id":"no"}}"#);
        let found = skim.found();
        assert_eq!(found.prompt_cache_key.as_deref(), Some("k"));
        assert_eq!(found.previous_response_id, None);
    }

    #[test]
    fn enough_is_said_as_soon_as_the_model_is_known() {
        let mut skim = Skim::default();
        assert!(!skim.feed(br#"{"messages":[{"role":"user"}],"#));
        assert!(skim.feed(br#""model":"m","#));
        let mut skim = Skim::default();
        assert!(skim.feed(b"no object"));
    }
}
