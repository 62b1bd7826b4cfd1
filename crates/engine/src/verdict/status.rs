//! The last tier: what the status and the kind of body say when no word does.

use super::evidence::Evidence;
use super::found::{Role, Shape};
use crate::vocabulary::Verdict;

/// The verdict of an inference answer of that status, with the name of the rule.
pub(super) fn of_inference(status: Option<u16>, evidence: &Evidence<'_>) -> (Verdict, &'static str) {
    let Some(status) = status else {
        return (Verdict::ServerError, "stream-error");
    };
    match status {
        401 if says_more_than_the_status(evidence) => (Verdict::Unauthenticated, "status-401-with-reason"),
        401 | 403 | 407 if evidence.shape() == Shape::Html => (Verdict::EdgeBlocked, "status-denied-by-a-page"),
        401 | 403 => (Verdict::UnknownDenial, "status-denied"),
        407 | 451 | 511 => (Verdict::EdgeBlocked, "status-network"),
        402 => (Verdict::OutOfCredit, "status-402"),
        404 | 410 => (Verdict::NotFound, "status-not-found"),
        408 | 499 | 504 | 522 | 524 | 598 | 599 => (Verdict::Timeout, "status-timeout"),
        413 | 414 | 431 | 494 => (Verdict::PayloadTooLarge, "status-too-large"),
        429 => (Verdict::RateLimited, "status-429"),
        529 => (Verdict::Overloaded, "status-529"),
        503 if evidence.shape() == Shape::Json => (Verdict::Overloaded, "status-503"),
        424 => (Verdict::ServerError, "status-dependency"),
        400..=499 => (Verdict::InvalidRequest, "status-4xx"),
        // An error inside a 2xx that no signal knows is the provider's.
        _ => (Verdict::ServerError, "status-server-error"),
    }
}

/// The verdict of a token or device endpoint's answer, with the name of the rule.
pub(super) fn of_token(evidence: &Evidence<'_>) -> (Verdict, &'static str) {
    let is_page = matches!(evidence.shape(), Shape::Html | Shape::Xml);
    let is_wordless = says_only_the_status(evidence);
    match evidence.status() {
        200..=299 if evidence.found.marks.access_token => (Verdict::OutcomeUnknown, "tokens-cut"),
        _ if evidence.found.marks.access_token => (Verdict::OutcomeUnknown, "tokens-outside-2xx"),
        unhandled if is_unhandled(unhandled) => (Verdict::Transient, "token-status-transient"),
        200..=299 if evidence.found.marks.error && evidence.found.marks.whole => {
            (Verdict::RequestRejected, "token-error-in-2xx")
        }
        200..=299 => (Verdict::OutcomeUnknown, "token-unreadable-2xx"),
        unreached if is_unreached(unreached) => (Verdict::EdgeBlocked, "token-not-reached"),
        // An authorization server that refuses says why; what stands before it does not.
        403 if is_page || is_wordless || evidence.shape() == Shape::Text => {
            (Verdict::EdgeBlocked, "token-403-without-words")
        }
        400..=499 if is_page => (Verdict::EdgeBlocked, "token-page"),
        // RFC 6749 5.2 has 401 for a client that failed to authenticate, and for nothing else.
        401 if is_wordless => (Verdict::ClientRejected, "token-401-without-words"),
        400..=499 => (Verdict::RequestRejected, "token-status-4xx"),
        _ => (Verdict::OutcomeUnknown, "token-status-unknown"),
    }
}

/// Whether a token endpoint that answers so has not looked at the request: come again.
pub(super) const fn is_unhandled(status: u16) -> bool {
    matches!(status, 408 | 425 | 429)
}

/// A redirect, a proxy's own refusal, a route that is not there: it never was the token endpoint.
pub(super) const fn is_unreached(status: u16) -> bool {
    matches!(status, 300..=399 | 404 | 405 | 407 | 410 | 421 | 451 | 511)
}

/// Whether a refusal has no word of its own: no code, and no sentence beyond the status in words.
fn says_only_the_status(evidence: &Evidence<'_>) -> bool {
    evidence.fields().all(|(role, text)| {
        // RFC 9457's own type, and ASP.NET's: the section of RFC 9110's kin that defines the status.
        if role == Role::Type && (text == "about:blank" || text.starts_with("section-")) {
            return true;
        }
        let words = text.trim_end_matches(['.', '!', ' ']);
        let words = words.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | ':' | '-'));
        BARE_DENIALS.contains(&words)
    })
}

/// Whether the words of a refusal are more than the status in words.
fn says_more_than_the_status(evidence: &Evidence<'_>) -> bool {
    if evidence.shape() == Shape::Html {
        // The page that nginx writes for its own 401: no credential, or one that it did not take.
        return evidence
            .fields()
            .any(|(_, text)| text.contains("401 authorization required"));
    }
    evidence.fields().any(|(role, text)| match role {
        Role::Message | Role::Error => !is_bare(text) && !text.starts_with("request id"),
        Role::Code | Role::Type | Role::Words => false,
    })
}

/// Whether a sentence is a denial and nothing else.
pub(super) fn is_bare(text: &str) -> bool {
    let words = text.trim_matches(['.', '!', ' ']).trim_start_matches("http ");
    let words = words.trim_start_matches(|c: char| c.is_ascii_digit());
    BARE_DENIALS.contains(&words.trim_start_matches([' ', ':', '-']))
}

/// The status in words, as frameworks write it; it tells nothing that the number does not.
const BARE_DENIALS: &[&str] = &[
    "",
    "unauthorized",
    "unauthorised",
    "not authorized",
    "not authorised",
    "forbidden",
    "denied",
    "access denied",
    "permission denied",
    "not allowed",
    "error",
    "401 unauthorized",
    "unauthorized request",
    "request unauthorized",
    "you are not authorized",
    "unauthorized access",
    "request not allowed",
    "'_'",
    "null",
];
