//! The way a request took, as the headers of its answer tell it.

use evergrant_driver::Failure;
use evergrant_driver::client::Trail;
use http::{HeaderMap, HeaderName, HeaderValue};

/// An answer of ours instead of a provider's, and how far the request had come.
pub(super) type Unanswered = (Failure, Trail);

/// Says in an answer's headers which way its request took.
pub(super) fn mark(headers: &mut HeaderMap, trail: &Trail) {
    headers.reserve(LINES);
    let mut set = |name: &HeaderName, text: &str| {
        // A label with characters that no header can carry is left out.
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    if let Some(provider) = &trail.provider {
        set(&PROVIDER, provider.as_str());
    }
    if let Some(label) = &trail.label {
        set(&CREDENTIAL, label.as_str());
    }
    if !trail.repaired.is_empty() {
        set(&REPAIRED, &trail.repaired.join(", "));
    }
    if !trail.skipped.is_empty() {
        let skipped: Vec<_> = trail.skipped.iter().map(|provider| provider.as_str()).collect();
        set(&SKIPPED, &skipped.join(", "));
    }
    if trail.provider.is_some() {
        let attempts = match trail.attempts {
            1 => HeaderValue::from_static("1"),
            attempts => HeaderValue::from(attempts),
        };
        headers.insert(&ATTEMPTS, attempts);
        if !trail.replayable {
            headers.insert(&REPLAY, HeaderValue::from_static("no"));
        }
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
