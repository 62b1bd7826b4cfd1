//! The way a request took, as the headers of its answer tell it.

use evergrant_driver::Failure;
use evergrant_driver::client::Trail;
use http::{HeaderMap, HeaderValue};

/// An answer of ours instead of a provider's, and how far the request had come.
pub(super) type Unanswered = (Failure, Trail);

/// Says in an answer's headers which way its request took.
pub(super) fn mark(headers: &mut HeaderMap, trail: &Trail) {
    let mut set = |name: &'static str, text: &str| {
        // A label with characters that no header can carry is left out.
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    if let Some(provider) = &trail.provider {
        set("x-evergrant-provider", provider.as_str());
    }
    if let Some(label) = &trail.label {
        set("x-evergrant-credential", label.as_str());
    }
    if trail.provider.is_some() {
        set("x-evergrant-attempts", &trail.attempts.to_string());
    }
    if !trail.repaired.is_empty() {
        set("x-evergrant-repaired", &trail.repaired.join(", "));
    }
    if !trail.skipped.is_empty() {
        let skipped: Vec<_> = trail.skipped.iter().map(|provider| provider.as_str()).collect();
        set("x-evergrant-skipped", &skipped.join(", "));
    }
    if trail.provider.is_some() && !trail.replayable {
        set("x-evergrant-replay", "no");
    }
}
