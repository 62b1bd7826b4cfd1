//! A `usage` object in the words of each API: the counts that are known, read where they stand and in one pass.

use memchr::memchr2;

/// What such an object says; what is no count, or is not known, is passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
    pub(super) total_tokens: Option<u64>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cache_read_input_tokens: Option<u64>,
    pub(super) cache_creation_input_tokens: Option<u64>,
    pub(super) prompt_cache_hit_tokens: Option<u64>,
    /// Its `cached_tokens`.
    pub(super) prompt_tokens_details: Option<u64>,
    /// The same.
    pub(super) input_tokens_details: Option<u64>,
    pub(super) prompt_token_count: Option<u64>,
    pub(super) candidates_token_count: Option<u64>,
    pub(super) thoughts_token_count: Option<u64>,
    pub(super) cached_content_token_count: Option<u64>,
}

/// Where a member's count stands.
enum Place<'a> {
    /// It is the value.
    Alone(&'a mut Option<u64>),
    /// It is `cached_tokens` in the value.
    Within(&'a mut Option<u64>),
}

impl Said {
    /// Reads the object that a text begins with, and answers how long it is; `None` if there is none, or not all of it.
    pub(super) fn read(text: &[u8]) -> Option<(Self, usize)> {
        let (mut said, mut reader) = (Self::default(), Reader { rest: text });
        reader.object(|reader, name| {
            match said.place(name) {
                Some(Place::Alone(count)) => *count = reader.count()?,
                Some(Place::Within(count)) => *count = reader.cached()?,
                None => reader.pass()?,
            }
            Some(())
        })?;
        Some((said, text.len() - reader.rest.len()))
    }

    fn place(&mut self, name: &[u8]) -> Option<Place<'_>> {
        let alone = match name {
            b"prompt_tokens" => &mut self.prompt_tokens,
            b"completion_tokens" => &mut self.completion_tokens,
            b"total_tokens" => &mut self.total_tokens,
            b"input_tokens" => &mut self.input_tokens,
            b"output_tokens" => &mut self.output_tokens,
            b"cache_read_input_tokens" => &mut self.cache_read_input_tokens,
            b"cache_creation_input_tokens" => &mut self.cache_creation_input_tokens,
            b"prompt_cache_hit_tokens" => &mut self.prompt_cache_hit_tokens,
            b"promptTokenCount" => &mut self.prompt_token_count,
            b"candidatesTokenCount" => &mut self.candidates_token_count,
            b"thoughtsTokenCount" => &mut self.thoughts_token_count,
            b"cachedContentTokenCount" => &mut self.cached_content_token_count,
            b"prompt_tokens_details" => return Some(Place::Within(&mut self.prompt_tokens_details)),
            b"input_tokens_details" => return Some(Place::Within(&mut self.input_tokens_details)),
            _ => return None,
        };
        Some(Place::Alone(alone))
    }
}

/// What of a text has not been read yet. Each step is `None` where the text ends, or has not got the shape of JSON.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next byte that is no space, which stays unread.
    fn next(&mut self) -> Option<u8> {
        loop {
            let (byte, after) = self.rest.split_first()?;
            match byte {
                b'!'.. => return Some(*byte),
                b' ' | b'\t' | b'\n' | b'\r' => self.rest = after,
                _ => return None,
            }
        }
    }

    /// The same, read.
    fn take(&mut self) -> Option<u8> {
        let byte = self.next()?;
        self.rest = &self.rest[1..];
        Some(byte)
    }

    /// An object, whose members' values are read by this.
    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        if self.take()? != b'{' {
            return None;
        }
        if self.next()? == b'}' {
            self.rest = &self.rest[1..];
            return Some(());
        }
        loop {
            let name = self.string()?;
            if self.take()? != b':' {
                return None;
            }
            member(self, name)?;
            match self.take()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A string, as it is written.
    fn string(&mut self) -> Option<&'a [u8]> {
        if self.take()? != b'"' {
            return None;
        }
        let text = self.rest;
        let mut at = memchr2(b'"', b'\\', text)?;
        while text[at] == b'\\' {
            // What stands behind it is a part of the string.
            at += 2;
            at += memchr2(b'"', b'\\', text.get(at..)?)?;
        }
        self.rest = &text[at + 1..];
        Some(&text[..at])
    }

    /// A count; anything else is none.
    fn count(&mut self) -> Option<Option<u64>> {
        self.next()?;
        let (mut count, mut length) = (Some(0_u64), 0);
        loop {
            match self.rest.get(length)? {
                digit @ b'0'..=b'9' => {
                    count = count.and_then(|count| count.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
                    length += 1;
                }
                b'.' | b'e' | b'E' => break,
                _ if length == 0 => break,
                _ => {
                    self.rest = &self.rest[length..];
                    return Some(count);
                }
            }
        }
        // A fraction, or no number.
        self.pass().map(|()| None)
    }

    /// What an object of details says was read from a cache.
    fn cached(&mut self) -> Option<Option<u64>> {
        if self.next()? != b'{' {
            return self.pass().map(|()| None);
        }
        let mut cached = None;
        self.object(|reader, name| {
            match name {
                b"cached_tokens" => cached = reader.count()?,
                _ => reader.pass()?,
            }
            Some(())
        })?;
        Some(cached)
    }

    /// Any value, passed over.
    fn pass(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.next()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    open += 1;
                    self.rest = &self.rest[1..];
                    continue;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    self.rest = &self.rest[1..];
                }
                b',' | b':' if open > 0 => {
                    self.rest = &self.rest[1..];
                    continue;
                }
                _ => {
                    let is_over =
                        |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':' | b'"' | b' ' | b'\t' | b'\n' | b'\r');
                    // A value of no length is none.
                    let length = self.rest.iter().position(is_over).filter(|length| *length > 0)?;
                    self.rest = &self.rest[length..];
                }
            }
            if open == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<u64>) {
        let text = format!(
            "{{ \"input_tokens\" : {value} , \"x\":[{{\"y\":\"}}\\\"\"}},{value}],\"output_tokens\":4}}, and so on"
        );
        let (said, length) = Said::read(text.as_bytes()).unwrap();
        assert_eq!((said.input_tokens, said.output_tokens), (expected, Some(4)), "{value}");
        assert_eq!(&text[length..], ", and so on");
        for end in 0..length {
            assert_eq!(Said::read(&text.as_bytes()[..end]), None, "{}", &text[..end]);
        }
    }

    #[test]
    fn counts_are_read_and_other_values_passed_over() {
        check("9", Some(9));
        check("0", Some(0));
        check("18446744073709551615", Some(u64::MAX));
        for value in [
            "18446744073709551616",
            "-9",
            "9.5",
            "9e2",
            "true",
            "null",
            r#""9""#,
            r#""\\\"}""#,
            "[]",
            "[9]",
            "{}",
            r#"{"a":{"b":[9]}}"#,
        ] {
            check(value, None);
        }
    }

    #[test]
    fn what_came_from_a_cache_stands_in_an_object_of_its_own() {
        let cached = |details: &str| {
            let text = format!("{{\"prompt_tokens_details\":{details}}}");
            Said::read(text.as_bytes()).unwrap().0.prompt_tokens_details
        };
        assert_eq!(
            cached(r#"{"audio_tokens":1,"cached_tokens":3,"more":{"cached_tokens":4}}"#),
            Some(3)
        );
        assert_eq!([cached("3"), cached("null"), cached("{}"), cached("[3]")], [None; 4]);
    }

    #[test]
    fn what_is_no_object_says_nothing() {
        for text in [
            "",
            "[]",
            "9",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1]",
            "{\"a\" 1}",
            "{a:1}",
        ] {
            assert_eq!(Said::read(text.as_bytes()), None, "{text}");
        }
    }
}
