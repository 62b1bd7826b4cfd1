//! Death needs proof: what ends a grant, and what only looks like it.

use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Verdict, classify};
use http::HeaderMap;

use crate::rows::acme;

#[track_caller]
fn check(status: u16, body: &str, verdict: Verdict) {
    let evidence = Evidence::read(status, &HeaderMap::new(), body.as_bytes());
    let read = classify(Some(&acme()), Channel::Token, &evidence, Timestamp::default());
    assert_eq!(read.verdict, verdict, "{status} {body} by {}", read.signal.name);
}

#[test]
fn a_whole_refusal_by_the_token_endpoint_is_a_proof() {
    for status in [200, 400, 401, 403, 409, 422] {
        check(status, r#"{"error":"invalid_grant"}"#, Verdict::GrantDead);
        check(status, r#"{"error":{"code":"INVALID_GRANT"}}"#, Verdict::GrantDead);
    }
    check(400, "error=invalid_grant", Verdict::GrantDead);
    check(400, "\u{feff}{\"error\":\"invalid_grant\"}\r\n", Verdict::GrantDead);
}

#[test]
fn a_body_that_breaks_off_is_none() {
    check(
        400,
        r#"{"error":"invalid_grant","error_descr"#,
        Verdict::RequestRejected,
    );
    check(400, r#"{"error":"invalid_grant""#, Verdict::RequestRejected);
    check(200, r#"{"error":"invalid_grant","error_descr"#, Verdict::OutcomeUnknown);
    check(400, r#"{"error":"invalid_grant"}<html>"#, Verdict::RequestRejected);
    let padded = format!(r#"{{"error":"invalid_grant","pad":"{}"}}"#, "x".repeat(100_000));
    check(400, &padded, Verdict::RequestRejected);
}

#[test]
fn a_sentence_is_none() {
    check(
        400,
        r#"{"error":"server_error","error_description":"invalid_grant"}"#,
        Verdict::RequestRejected,
    );
    check(400, r#"{"message":"invalid_grant"}"#, Verdict::RequestRejected);
    check(400, r#""invalid_grant""#, Verdict::RequestRejected);
}

#[test]
fn a_missing_route_a_throttle_and_a_fault_prove_nothing() {
    for status in [302, 404, 405, 407, 410, 421, 451] {
        check(status, r#"{"error":"invalid_grant"}"#, Verdict::EdgeBlocked);
    }
    for status in [408, 425, 429] {
        check(status, r#"{"error":"invalid_grant"}"#, Verdict::Transient);
    }
    for status in [500, 501, 502, 503, 504, 520, 529] {
        check(status, r#"{"error":"invalid_grant"}"#, Verdict::OutcomeUnknown);
    }
}

#[test]
fn tokens_outside_a_success_were_minted_all_the_same() {
    for status in [302, 400, 404, 429, 500] {
        check(
            status,
            r#"{"access_token":"a","refresh_token":"r"}"#,
            Verdict::OutcomeUnknown,
        );
    }
    check(400, "access_token=a&refresh_token=r", Verdict::OutcomeUnknown);
    check(
        400,
        r#"{"error":"invalid_grant","access_token":""}"#,
        Verdict::GrantDead,
    );
}
