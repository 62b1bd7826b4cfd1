//! How what is said tells what it used, or is weighed.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::usage::Form;

/// The form of an answer that can be read, `None` if it cannot, and how many bytes of it stand for a token where it does not
/// tell: the usual rule of thumb for text, and less the less of it is text.
pub(super) fn form_and_weight(headers: &HeaderMap) -> (Option<Form>, u64) {
    weigh(headers.get(CONTENT_TYPE), is_coded(headers))
}

fn weigh(typed: Option<&HeaderValue>, is_coded: bool) -> (Option<Form>, u64) {
    match (Kind::of(typed), is_coded) {
        (Kind::Read(form @ Form::Document), false) => (Some(form), 4),
        // Coded text is a third or less of what it was.
        (Kind::Read(Form::Document), true) => (None, 1),
        // An event carries one token or a few, and a frame around them.
        (Kind::Read(form @ Form::Events), false) => (Some(form), 200),
        (Kind::Read(Form::Events), true) => (None, 10),
        // Words without a frame.
        (Kind::Text, _) => (None, 4),
        // A second of sound, or a corner of an image.
        (Kind::Other, _) => (None, 1_000),
    }
}

/// The same of a request's body.
pub(super) fn bytes_of_token(typed: Option<&HeaderValue>, is_coded: bool) -> u64 {
    weigh(typed, is_coded).1
}

/// What an answer is, coded or not.
enum Kind {
    /// What tells of itself.
    Read(Form),
    /// Other text, or what does not say what it is.
    Text,
    Other,
}

impl Kind {
    fn of(typed: Option<&HeaderValue>) -> Self {
        let Some(typed) = typed.map(HeaderValue::as_bytes) else {
            return Self::Text;
        };
        // As most write it.
        if typed == b"application/json" {
            return Self::Read(Form::Document);
        }
        let is_legible = typed.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
        let end = typed.iter().position(|byte| *byte == b';').unwrap_or(typed.len());
        let kind = typed[..end].trim_ascii();
        let is_text = || typed.get(..5).is_some_and(|begun| begun.eq_ignore_ascii_case(b"text/"));
        if is_legible && kind.eq_ignore_ascii_case(b"text/event-stream") {
            Self::Read(Form::Events)
        } else if is_legible && kind.windows(4).any(|word| word.eq_ignore_ascii_case(b"json")) {
            Self::Read(Form::Document)
        } else if is_text() {
            Self::Text
        } else {
            Self::Other
        }
    }
}

/// Whether a body is coded.
pub(super) fn is_coded(headers: &HeaderMap) -> bool {
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    headers.get(CONTENT_ENCODING).is_some_and(|value| !plain(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: &'static str, expected: Option<Form>) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        assert_eq!(form_and_weight(&headers).0, expected, "{content_type}");
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(form_and_weight(&headers).0, None);
    }

    #[test]
    fn only_what_can_be_read_is_read() {
        check("application/json; charset=utf-8", Some(Form::Document));
        check("application/problem+JSON", Some(Form::Document));
        check("Text/Event-Stream;charset=utf-8", Some(Form::Events));
        check("audio/mpeg", None);
        check("text/plain", None);
    }

    #[test]
    fn every_answer_weighs_something() {
        let weighs = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            bytes_of_token(headers.get(CONTENT_TYPE), is_coded(&headers))
        };
        let gzip = ("content-encoding", "gzip");
        assert_eq!(weighs(&[("content-type", "application/json")]), 4);
        assert_eq!(weighs(&[("content-type", "application/json"), gzip]), 1);
        assert_eq!(weighs(&[("content-type", "text/event-stream"), gzip]), 10);
        assert_eq!((weighs(&[]), weighs(&[("content-type", "Text/Plain")])), (4, 4));
        assert_eq!(weighs(&[("content-type", "audio/mpeg")]), 1_000);
    }
}
