//! A `usage` object as it is usually written, read in one pass where it stands. Whatever is written otherwise is left to the
//! parser, so that one of them decides what JSON is.

use super::said::Said;
use crate::quoted::literal_length;

/// What the object says with which a text begins, and how many bytes it is long; `None`: it goes on behind the text, or it
/// takes the parser to read it. What is read is what the parser would read.
pub(super) fn read(text: &[u8], has_lines: bool) -> Option<(Said, usize)> {
    let mut reader = Reader { rest: text, has_lines };
    let (mut said, mut seen) = (Said::default(), 0_u32);
    reader.next(b'{')?;
    reader.members(0, |name, value| {
        let Some((place, number, known)) = known(&mut said, name) else {
            return name.is_ascii();
        };
        let is_first = seen & (1 << number) == 0;
        seen |= 1 << number;
        *place = match (known, value) {
            (Known::Count, Value::Count(count)) => Some(count),
            (Known::Details, Value::Object { cached }) => cached,
            (Known::Count | Known::Details, _) => None,
        };
        is_first
    })?;
    Some((said, text.len() - reader.rest.len()))
}

/// What is read of a value.
#[derive(Clone, Copy)]
enum Value {
    Count(u64),
    Object { cached: Option<u64> },
    Other,
}

/// What a member is that is known.
#[derive(Clone, Copy)]
enum Known {
    Count,
    Details,
}

/// Where a member's count is kept, which of them it is, and where in its value the count stands.
fn known<'a>(said: &'a mut Said, name: &[u8]) -> Option<(&'a mut Option<u64>, u32, Known)> {
    let (place, number) = match name {
        b"prompt_tokens" => (&mut said.prompt_tokens, 0),
        b"completion_tokens" => (&mut said.completion_tokens, 1),
        b"total_tokens" => (&mut said.total_tokens, 2),
        b"input_tokens" => (&mut said.input_tokens, 3),
        b"output_tokens" => (&mut said.output_tokens, 4),
        b"cache_read_input_tokens" => (&mut said.cache_read_input_tokens, 5),
        b"cache_creation_input_tokens" => (&mut said.cache_creation_input_tokens, 6),
        b"prompt_cache_hit_tokens" => (&mut said.prompt_cache_hit_tokens, 7),
        b"promptTokenCount" => (&mut said.prompt_token_count, 8),
        b"candidatesTokenCount" => (&mut said.candidates_token_count, 9),
        b"thoughtsTokenCount" => (&mut said.thoughts_token_count, 10),
        b"cachedContentTokenCount" => (&mut said.cached_content_token_count, 11),
        b"prompt_tokens_details" => return Some((&mut said.prompt_tokens_details, 12, Known::Details)),
        b"input_tokens_details" => return Some((&mut said.input_tokens_details, 13, Known::Details)),
        _ => return None,
    };
    Some((place, number, Known::Count))
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Whether it may be broken into lines.
    has_lines: bool,
}

impl<'a> Reader<'a> {
    /// The members of an object whose bracket has been read; `take` answers whether it can go on.
    fn members(&mut self, depth: u8, mut take: impl FnMut(&[u8], Value) -> bool) -> Option<()> {
        if self.peek()? == b'}' {
            return self.next(b'}');
        }
        loop {
            self.next(b'"')?;
            let name = self.text()?;
            self.next(b':')?;
            let value = self.value(depth)?;
            if !take(name, value) {
                return None;
            }
            if self.has_ended(b'}')? {
                return Some(());
            }
        }
    }

    fn value(&mut self, depth: u8) -> Option<Value> {
        match self.peek()? {
            b'0'..=b'9' => self.number(),
            b'"' => {
                self.rest = &self.rest[1..];
                self.text()?.is_ascii().then_some(Value::Other)
            }
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'{' if depth < DEPTH => {
                self.rest = &self.rest[1..];
                let mut cached = None;
                self.members(depth + 1, |name, value| {
                    if name == b"cached_tokens" {
                        cached = match value {
                            Value::Count(count) => Some(count),
                            Value::Object { .. } | Value::Other => None,
                        };
                        return true;
                    }
                    name.is_ascii()
                })?;
                Some(Value::Object { cached })
            }
            b'[' if depth < DEPTH => {
                self.rest = &self.rest[1..];
                if self.peek()? == b']' {
                    self.next(b']')?;
                    return Some(Value::Other);
                }
                loop {
                    self.value(depth + 1)?;
                    if self.has_ended(b']')? {
                        return Some(Value::Other);
                    }
                }
            }
            _ => None,
        }
    }

    /// A number that is not negative, without an exponent, and not too large for one that is counted with.
    fn number(&mut self) -> Option<Value> {
        let whole = self.digits()?;
        if whole.len() > 1 && whole[0] == b'0' {
            return None;
        }
        let has_fraction = self.rest.first() == Some(&b'.');
        if has_fraction {
            self.rest = &self.rest[1..];
            self.digits()?;
        }
        if matches!(self.rest.first()?, b'e' | b'E') {
            return None;
        }
        if has_fraction {
            return Some(Value::Other);
        }
        let count = whole.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        Some(Value::Count(count))
    }

    fn digits(&mut self) -> Option<&'a [u8]> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        (1..=DIGITS).contains(&length).then_some(digits)
    }

    fn word(&mut self, word: &[u8]) -> Option<Value> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(Value::Other)
    }

    /// The rest of a string without escapes.
    fn text(&mut self) -> Option<&'a [u8]> {
        let (text, rest) = self.rest.split_at(literal_length(self.rest));
        self.rest = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// Whether what is enclosed ends here, or goes on behind a comma.
    fn has_ended(&mut self, bracket: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.rest = &self.rest[1..];
        match byte {
            b',' => Some(false),
            byte => (byte == bracket).then_some(true),
        }
    }

    fn next(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.rest = &self.rest[1..];
        Some(())
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.rest.first()? {
                b' ' | b'\t' => self.rest = &self.rest[1..],
                b'\n' | b'\r' if self.has_lines => self.rest = &self.rest[1..],
                byte => return Some(*byte),
            }
        }
    }
}

/// 4 within each other: a list of details, and what each of them is told of.
const DEPTH: u8 = 4;

/// 19: 64 bits hold every number of so many digits.
const DIGITS: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands there is read as the parser reads it; of what is left to it, nothing.
    #[track_caller]
    fn check(text: &str, is_usual: bool) {
        let read = read(text.as_bytes(), true);
        let parsed = serde_json::from_str::<Said>(text).ok();
        match read {
            Some((said, length)) => assert_eq!((Some(said), length), (parsed, text.len()), "{text}"),
            None => assert!(!is_usual, "{text}"),
        }
    }

    #[test]
    fn objects_of_every_api_are_usual() {
        for text in [
            r#"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0},"cost":0.00125}"#,
            r#"{"input_tokens":9,"cache_creation_input_tokens":2,"cache_read_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":2},"output_tokens":1,"service_tier":"standard","server_tool_use":null}"#,
            "{\n  \"promptTokenCount\": 9,\r\n\t\"promptTokensDetails\": [ { \"modality\": \"TEXT\", \"tokenCount\": 9 } , {} , [] ]\n}",
            r#"{"input_tokens":0,"input_tokens_details":{"cached_tokens":18446744073709551},"output_tokens":9999999999999999999}"#,
            "{}",
            "{ }",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn whatever_is_written_is_read_as_the_parser_reads_it() {
        let names = [
            "prompt_tokens",
            "input_tokens",
            "output_tokens",
            "total_tokens",
            "input_tokens_details",
            "prompt_tokens_details",
            "cached_tokens",
            "cachedContentTokenCount",
            "prompt_tokens\\u005fdetails",
            "caf\u{e9}",
            "",
        ];
        let values = [
            "0",
            "7",
            "12345",
            "9999999999999999999",
            "18446744073709551615",
            "18446744073709551616",
            "007",
            "-1",
            "-0",
            "1.5",
            "1.",
            ".5",
            "1e3",
            "1E400",
            "1.5e-3",
            "+1",
            "null",
            "nul",
            "true",
            "false",
            "\"x\"",
            "\"9\"",
            "\"\\u00e9\\ud800\"",
            "\"\n\"",
            "[]",
            "[1,[2,{\"cached_tokens\":3}]]",
            "[1,]",
            "[[[[[[1]]]]]]",
            "{}",
            "{\"cached_tokens\":3}",
            "{\"cached_tokens\":3,\"cached_tokens\":null}",
            "{\"x\":{\"cached_tokens\":3},\"cached_tokens\":{}}",
            "{\"cached_tokens\":3,}",
            "{\"cached_tokens\" 3}",
            "",
        ];
        for (place, name) in names.iter().enumerate() {
            for value in values {
                check(&format!("{{\"{name}\":{value}}}"), false);
                for other in [names[place / 2], "input_tokens", "cached_tokens"] {
                    for second in values {
                        check(&format!("{{\"{name}\" : {value},\t\"{other}\":{second} }}"), false);
                    }
                }
            }
        }
        for text in [
            "{,}",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1]",
            "{",
            "[]",
            "null",
            "",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn one_that_is_cut_or_broken_into_lines_is_not_read() {
        let text = "{\"input_tokens\":9,\"x\":[null,{\"y\":\"z\"}]}";
        for length in 0..text.len() {
            assert!(read(&text.as_bytes()[..length], true).is_none(), "{length}");
        }
        assert!(read(format!("{text},\"more\":1}}").as_bytes(), false).is_some_and(|(_, length)| length == text.len()));
        assert!(read(b"{\n}", true).is_some() && read(b"{\n}", false).is_none());
    }
}
