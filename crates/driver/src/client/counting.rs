//! Which requests are counted as use, by which model, and how their answers tell of it or are weighed.

use evergrant_engine::failure::Failure;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};

use super::dress::Undressed;
use super::endpoint::Endpoint;
use super::lenient_path::lenient;
use crate::admission::Guest;
use crate::usage::{Answer, Beginning, Form};

/// How what a request uses is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// In the books, and against the key's budget.
    Booked,
    /// Against the budget alone, if the answer tells: in the books it stands since it was made.
    Spent,
    /// Not at all: it uses nothing.
    Nothing,
}

impl Counting {
    /// By which id what is counted so can be fetched again, where a budget pays for it.
    pub(super) fn answer(self, request: &Undressed, guest: &Guest) -> Answer {
        if !guest.has_budget() {
            return Answer::Once;
        }
        match (self, fetched(request.path())) {
            (Self::Spent, Some(id)) => Answer::Fetched(id.into_boxed_str()),
            (Self::Booked, None) if request.makes_threads() => Answer::Kept(Beginning::default()),
            (Self::Booked | Self::Spent | Self::Nothing, _) => Answer::Once,
        }
    }
}

/// How a request is counted: one that makes something, or leaves HTTP, can use tokens. An answer that is read again has been
/// booked when it was made, but not what it used, if that was not known yet.
pub(super) fn counting(request: &Undressed, guest: &Guest) -> Counting {
    if request.is_upgrade() {
        return Counting::Booked;
    }
    if *request.method() == Method::POST && !Endpoint::uses_nothing(request.path()) {
        return Counting::Booked;
    }
    let is_read = *request.method() == Method::GET && guest.has_budget();
    if is_read && fetched(request.path()).is_some() {
        return Counting::Spent;
    }
    Counting::Nothing
}

/// The id of the response that a path names.
fn fetched(path: &str) -> Option<String> {
    let mut segments = lenient(path).into_iter();
    segments.find(|segment| segment.eq_ignore_ascii_case("responses"))?;
    segments.next()
}

/// Refuses what a key may not ask for because of its terms, whatever they are.
pub(super) fn check_path(request: &Undressed, guest: &Guest) -> Result<(), Failure> {
    check_stays_here(request, guest)?;
    check_countable(request, guest)
}

/// Refuses, to a key with a budget, what uses tokens that nobody here is told of.
fn check_countable(request: &Undressed, guest: &Guest) -> Result<(), Failure> {
    if !guest.has_budget() {
        return Ok(());
    }
    if request.is_upgrade() {
        return guest.uncountable("a WebSocket");
    }
    if *request.method() == Method::POST && Endpoint::uses_later(request.path()) {
        return guest.uncountable("work that is done later");
    }
    Ok(())
}

/// Refuses, to a key with any limit, what would give its holder a key of the provider's own, or a way to the provider beside
/// the gateway: what is done with that is held to nothing.
fn check_stays_here(request: &Undressed, guest: &Guest) -> Result<(), Failure> {
    if *request.method() != Method::POST || !guest.is_limited() {
        return Ok(());
    }
    if Endpoint::leads_past(request.path()) {
        return guest.leads_past();
    }
    Ok(())
}

/// The form of an answer that can be read, `None` if it cannot, and how many bytes of it stand for a token where it does not
/// tell: the usual rule of thumb for text, and less the less of it is text.
pub(super) fn form_and_weight(headers: &HeaderMap) -> (Option<Form>, u64) {
    let kind = Kind::of(headers.get(CONTENT_TYPE));
    match (kind, is_coded(headers)) {
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
pub(super) fn bytes_of_token(headers: &HeaderMap) -> u64 {
    form_and_weight(headers).1
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

fn is_coded(headers: &HeaderMap) -> bool {
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
    fn a_path_can_name_a_response() {
        for path in [
            "/responses/resp_1",
            "/v1/responses/resp_1/input_items",
            "/%72esponses/resp_1",
            "/Responses//resp%5f1",
        ] {
            assert_eq!(fetched(path).as_deref(), Some("resp_1"), "{path}");
        }
        assert_eq!((fetched("/responses"), fetched("/files/x")), (None, None));
    }

    #[test]
    fn every_answer_weighs_something() {
        let weighs = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            bytes_of_token(&headers)
        };
        let gzip = ("content-encoding", "gzip");
        assert_eq!(weighs(&[("content-type", "application/json")]), 4);
        assert_eq!(weighs(&[("content-type", "application/json"), gzip]), 1);
        assert_eq!(weighs(&[("content-type", "text/event-stream"), gzip]), 10);
        assert_eq!((weighs(&[]), weighs(&[("content-type", "Text/Plain")])), (4, 4));
        assert_eq!(weighs(&[("content-type", "audio/mpeg")]), 1_000);
    }
}
