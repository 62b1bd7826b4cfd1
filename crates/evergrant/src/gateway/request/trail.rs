//! The way a request took, as the headers of its answer tell it.

use evergrant_driver::Failure;
use evergrant_driver::client::Trail;
use http::{HeaderMap, HeaderName, HeaderValue};

/// An answer of ours instead of a provider's, and how far the request had come.
pub(super) type Unanswered = (Failure, Trail);

/// Says in an answer's headers which way its request took.
pub(super) fn mark(headers: &mut HeaderMap, trail: &Trail) {
    headers.reserve(LINES);
    if let Some(provider) = &trail.provider {
        tell(headers, &PROVIDER, provider.as_str());
    }
    if let Some(label) = &trail.label {
        tell(headers, &CREDENTIAL, label.as_str());
    }
    if !trail.repaired.is_empty() {
        tell(headers, &REPAIRED, &trail.repaired.join(", "));
    }
    if !trail.skipped.is_empty() {
        let skipped: Vec<_> = trail.skipped.iter().map(|provider| provider.as_str()).collect();
        tell(headers, &SKIPPED, &skipped.join(", "));
    }
    if trail.provider.is_some() {
        let attempts = match trail.attempts {
            1 => HeaderValue::from_static("1"),
            attempts => HeaderValue::from(attempts),
        };
        set(headers, &ATTEMPTS, attempts);
        if !trail.replayable {
            set(headers, &REPLAY, HeaderValue::from_static("no"));
        }
    }
}

/// Sets a header of an answer, in one place for all of them: the code of a header map would else lie there once for each.
#[inline(never)]
pub(super) fn set(headers: &mut HeaderMap, name: &HeaderName, value: HeaderValue) {
    headers.insert(name, value);
}

/// Sets a header to a text, unless that has characters which no header can carry.
#[inline(never)]
fn tell(headers: &mut HeaderMap, name: &HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        set(headers, name, value);
    }
}

/// The request's name.
pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-evergrant-request-id");

/// The credential that was used; of a request, the one that is to be.
pub(super) static CREDENTIAL: HeaderName = HeaderName::from_static("x-evergrant-credential");
static PROVIDER: HeaderName = HeaderName::from_static("x-evergrant-provider");
static ATTEMPTS: HeaderName = HeaderName::from_static("x-evergrant-attempts");
static REPAIRED: HeaderName = HeaderName::from_static("x-evergrant-repaired");
static SKIPPED: HeaderName = HeaderName::from_static("x-evergrant-skipped");
static REPLAY: HeaderName = HeaderName::from_static("x-evergrant-replay");

/// Room is made at once for what most answers have: provider, credential, attempts, and the request's id.
const LINES: usize = 4;
