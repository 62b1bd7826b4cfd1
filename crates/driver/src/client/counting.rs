//! Which requests are counted as use, and which a key may not make because they could not be.

use evergrant_engine::failure::Failure;
use http::Method;

use super::dress::Undressed;
use super::endpoint::Endpoint;
use super::lenient_path::lenient;
use crate::admission::Guest;
use crate::usage::{Answer, Beginning};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
