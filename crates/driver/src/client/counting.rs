//! Which requests are counted as use, by which model, and how their answers tell of it or are weighed.

use evergrant_engine::failure::Failure;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method};

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

/// The form of an answer that can be read; `None`: it cannot.
pub(super) fn form_of(headers: &HeaderMap) -> Option<Form> {
    if is_coded(headers) { None } else { kind_of(headers) }
}

/// How many bytes of an answer stand for a token where it does not tell: the usual rule of thumb for text, and less the less of
/// it is text.
pub(super) fn bytes_of_token(headers: &HeaderMap) -> u64 {
    match (kind_of(headers), is_coded(headers)) {
        (Some(Form::Document), false) => 4,
        // Coded text is a third or less of what it was.
        (Some(Form::Document), true) => 1,
        // An event carries one token or a few, and a frame around them.
        (Some(Form::Events), false) => 200,
        (Some(Form::Events), true) => 10,
        // Words without a frame.
        (None, _) if is_text(headers) => 4,
        // A second of sound, or a corner of an image.
        (None, _) => 1_000,
    }
}

/// What an answer is, coded or not.
fn kind_of(headers: &HeaderMap) -> Option<Form> {
    let typed = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = typed.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("text/event-stream") {
        return Some(Form::Events);
    }
    let mut words = kind.as_bytes().windows(4);
    words
        .any(|word| word.eq_ignore_ascii_case(b"json"))
        .then_some(Form::Document)
}

fn is_coded(headers: &HeaderMap) -> bool {
    let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    headers.get(CONTENT_ENCODING).is_some_and(|value| !plain(value))
}

/// Whether it is text, or does not say what it is.
fn is_text(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_none_or(|typed| typed.as_bytes().to_ascii_lowercase().starts_with(b"text/"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(content_type: &'static str, expected: Option<Form>) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        assert_eq!(form_of(&headers), expected, "{content_type}");
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(form_of(&headers), None);
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
