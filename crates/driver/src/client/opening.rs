//! How a conversation began: its first messages up to the user's first one, found in a body without parsing the rest.
//!
//! Only the words count. Marks that clients move from turn to turn (`cache_control`) must not make another conversation of it.

use memchr::memchr2;

/// Reads a request's body until the user's first message has been said.
#[derive(Debug, Default)]
pub(super) struct Opening {
    depth: u32,
    /// Which of the open containers are objects, the innermost in the lowest bit.
    objects: u64,
    /// The last key, and whether its value comes next.
    key: Key,
    has_colon: bool,
    text: Option<Text>,
    is_within: bool,
    message: Message,
    messages: u32,
    words: Words,
    ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    Messages,
    Role,
    Words,
    #[default]
    Other,
}

/// A string that is being read.
#[derive(Debug)]
struct Text {
    role: Role,
    escaped: bool,
    /// Its first characters, where they matter.
    head: Vec<u8>,
}

/// What a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Key,
    Speaker,
    Said,
    Else,
}

#[derive(Debug, Default)]
struct Message {
    is_users: bool,
    length: usize,
}

/// What has been said so far, as one number (FNV-1a).
#[derive(Debug)]
struct Words(u64);

impl Default for Words {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Words {
    fn add(&mut self, more: &[u8]) {
        self.0 = more.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    }
}

impl Opening {
    /// Reads on; answers whether enough is known.
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
            let Some((byte, after)) = rest.split_first() else { break };
            rest = after;
            self.between(*byte);
        }
        self.ended
    }

    /// What the conversation began with, if it has begun.
    pub(super) fn found(&self) -> Option<u64> {
        (self.messages > 0).then_some(self.words.0)
    }

    /// A byte outside of strings.
    fn between(&mut self, byte: u8) {
        match byte {
            b'"' => {
                let is_value = self.has_colon || self.objects & 1 == 0;
                let role = match (is_value, self.key, self.depth) {
                    (false, _, _) => Role::Key,
                    (true, Key::Messages, 1) => Role::Said,
                    (true, Key::Role, 3) if self.is_within => Role::Speaker,
                    (true, Key::Words, 3 | 5) if self.is_within && self.has_colon => Role::Said,
                    (true, Key::Messages | Key::Role | Key::Words | Key::Other, _) => Role::Else,
                };
                self.text = Some(Text {
                    role,
                    escaped: false,
                    head: Vec::new(),
                });
            }
            b'{' | b'[' => {
                self.is_within |= self.depth == 1 && byte == b'[' && self.key == Key::Messages;
                self.depth += 1;
                self.objects = self.objects << 1 | u64::from(byte == b'{');
                self.has_colon = false;
                self.ended = self.depth > DEEP;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.objects >>= 1;
                self.has_colon = false;
                match self.depth {
                    0 => self.ended = true,
                    1 if self.is_within => self.ended = true,
                    2 if self.is_within => self.message_ended(),
                    _ => {}
                }
            }
            b':' => self.has_colon = true,
            b',' => self.has_colon = false,
            _ => self.ended |= self.depth == 0 && byte.is_ascii_alphanumeric(),
        }
    }

    fn message_ended(&mut self) {
        let message = std::mem::take(&mut self.message);
        if message.length > 0 {
            self.messages += 1;
            self.words.add(b"\0");
        }
        self.ended |= (message.is_users && message.length > 0) || self.messages >= MESSAGES;
    }

    /// The inside of a string; answers what follows it, or `None` if it goes on in the next piece.
    fn in_text<'a>(&mut self, piece: &'a [u8]) -> Option<&'a [u8]> {
        let text = self.text.as_mut()?;
        let mut at = 0;
        if text.escaped && !piece.is_empty() {
            text.escaped = false;
            at = 1;
        }
        let end = loop {
            let Some(stop) = memchr2(b'"', b'\\', &piece[at..]) else {
                break None;
            };
            at += stop + 1;
            if piece[at - 1] == b'"' {
                break Some(at);
            }
            if at == piece.len() {
                text.escaped = true;
                break None;
            }
            at += 1;
        };
        let (said, after) = match end {
            Some(end) => (&piece[..end - 1], Some(&piece[end..])),
            None => (piece, None),
        };
        self.hear(said);
        if after.is_some() {
            self.text_ended();
        }
        after
    }

    fn hear(&mut self, said: &[u8]) {
        let Some(text) = &mut self.text else { return };
        match text.role {
            Role::Key | Role::Speaker => {
                let room = HEAD.saturating_sub(text.head.len()).min(said.len());
                text.head.extend_from_slice(&said[..room]);
            }
            Role::Said => {
                let limit = if self.message.is_users || !self.is_within {
                    OWN_WORDS
                } else {
                    WORDS
                };
                let room = limit.saturating_sub(self.message.length).min(said.len());
                self.message.length += room;
                self.words.add(&said[..room]);
            }
            Role::Else => {}
        }
    }

    fn text_ended(&mut self) {
        let Some(text) = self.text.take() else { return };
        match text.role {
            Role::Key => {
                self.key = match (&text.head[..], self.depth) {
                    (b"messages" | b"input", 1) => Key::Messages,
                    (b"role", 3) => Key::Role,
                    (b"content", 3) | (b"text", 5) => Key::Words,
                    (_, _) => Key::Other,
                };
            }
            Role::Speaker => self.message.is_users = text.head == b"user",
            // The whole conversation is one text.
            Role::Said if !self.is_within => {
                self.messages = 1;
                self.ended = true;
            }
            Role::Said | Role::Else => {}
        }
    }
}

/// Names that matter are shorter.
const HEAD: usize = 16;

/// 1 KiB of each message before the user's first: enough to tell agents apart, and often still the same when the day changes.
const WORDS: usize = 1024;

/// 64 KiB of the user's own: whoever begins with the same 64 KiB shares a prompt cache, too.
const OWN_WORDS: usize = 64 * 1024;

/// Nobody says sixteen things before the user does.
const MESSAGES: u32 = 16;

/// A body this deep is no conversation.
const DEEP: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, piece: usize) -> Option<u64> {
        let mut opening = Opening::default();
        for part in body.as_bytes().chunks(piece) {
            opening.feed(part);
        }
        opening.found()
    }

    #[track_caller]
    fn found(body: &str) -> Option<u64> {
        let whole = read(body, body.len().max(1));
        for piece in [1, 2, 3, 7, 50] {
            assert_eq!(read(body, piece), whole, "{body} in pieces of {piece}");
        }
        whole
    }

    #[test]
    fn a_conversation_is_known_by_its_beginning() {
        let first = r#"{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hello \"you\""}]}"#;
        let begun = found(first);
        assert!(begun.is_some());
        for same in [
            r#"{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hello \"you\""},{"role":"assistant","content":"hi"},{"role":"user","content":"and now?"}],"stream":true}"#,
            r#"{"tools":[{"role":"user","content":"no"}],"messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"hello \"you\"","cache_control":{"type":"ephemeral"}}]}]}"#,
            r#" { "messages" : [ { "role" : "system" , "content" : "be brief" } , { "role" : "user" , "content" : "hello \"you\"" } ] } "#,
            r#"{"input":[{"role":"system","content":"be brief"},{"type":"message","role":"user","content":[{"type":"input_text","text":"hello \"you\""}]}]}"#,
        ] {
            assert_eq!(found(same), begun, "{same}");
        }
        for other in [
            r#"{"messages":[{"role":"system","content":"be long"},{"role":"user","content":"hello \"you\""}]}"#,
            r#"{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hello"}]}"#,
            r#"{"messages":[{"role":"user","content":"be brief"},{"role":"user","content":"hello \"you\""}]}"#,
            r#"{"input":"hello"}"#,
        ] {
            assert!(found(other).is_some() && found(other) != begun, "{other}");
        }
        assert_eq!(
            found(r#"{"input":"hello","x":1}"#),
            found(r#"{"model":"m","input":"hello"}"#)
        );
    }

    #[test]
    fn what_is_no_conversation_has_no_beginning() {
        for body in [
            "",
            "model=grok",
            "{}",
            r#"{"messages":[]}"#,
            r#"{"messages":[{"role":"user"}]}"#,
            r#"{"metadata":{"messages":[{"role":"user","content":"x"}]}}"#,
            r#"{"input":["a","b"]}"#,
            r#"{"messages":[{"role":"user","content":"never ends"#,
        ] {
            assert_eq!(found(body), None, "{body}");
        }
        assert_eq!(found(&"[".repeat(100)), None);
    }

    #[test]
    fn enough_is_said_with_the_users_first_message() {
        let mut opening = Opening::default();
        assert!(!opening.feed(br#"{"messages":[{"role":"user","content":"a"#));
        assert!(opening.feed(br#"b"},"#));
        let mut opening = Opening::default();
        assert!(opening.feed(b"no object"));
    }
}
