//! Death needs proof: what ends a grant, and what only looks like it.

use bytes::Bytes;
use evergrant_engine::provider::{Row, Table};
use evergrant_engine::recovery::renewal::{Heard, hear};
use evergrant_engine::secret::Secret;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Verdict, classify};
use evergrant_engine::wire::Reply;
use http::HeaderMap;

use crate::rows::{acme, acme_with};

#[track_caller]
fn check(status: u16, body: &str, verdict: Verdict) {
    check_at(Some(&acme()), status, body, verdict);
}

#[track_caller]
fn check_at(row: Option<&Row>, status: u16, body: &str, verdict: Verdict) {
    let headers = HeaderMap::new();
    let evidence = Evidence::read(status, &headers, body.as_bytes());
    let read = classify(row, Channel::Token, &evidence, Timestamp::default());
    assert_eq!(read.verdict, verdict, "{status} {body} by {}", read.signal.name);
}

#[test]
fn the_known_servers_words_count_unless_the_row_names_its_own() {
    let unnamed = acme_with(|oauth| oauth.terminal.clear());
    let dead = [
        r#"{"code":"refresh_token_already_used","message":"Invalid Refresh Token: Already Used"}"#,
        r#"{"error":"invalid_request","error_description":"Refresh token has expired"}"#,
        r#"{"error":"interaction_required"}"#,
    ];
    for body in dead {
        check_at(None, 400, body, Verdict::GrantDead);
        check_at(Some(&unnamed), 400, body, Verdict::GrantDead);
        check_at(Some(&acme()), 400, body, Verdict::RequestRejected);
        check_at(None, 500, body, Verdict::OutcomeUnknown);
    }
}

#[test]
fn another_reason_under_the_same_code_is_none() {
    let reasons = [
        ("rate limit exceeded", Verdict::Transient),
        ("ip restricted", Verdict::EdgeBlocked),
        ("Missing code verifier", Verdict::RequestRejected),
        ("DPoP proof JWT not provided", Verdict::RequestRejected),
        ("Incorrect redirect_uri", Verdict::ClientRejected),
        (
            "AADSTS53003: Access has been blocked by Conditional Access policies.",
            Verdict::NotEntitled,
        ),
        ("AADSTS50196: The server terminated an operation.", Verdict::Transient),
        ("Session doesn't have required client", Verdict::GrantDead),
    ];
    for (reason, verdict) in reasons {
        let body = format!(r#"{{"error":"invalid_grant","error_description":"{reason}"}}"#);
        check(400, &body, verdict);
        check_at(None, 400, &body, verdict);
    }
}

#[test]
fn what_a_row_says_of_a_status_alone_gives_way_to_words_and_pages() {
    let table = Table::built_in();
    let row = table.row(&"openai-codex".into()).unwrap();
    let polled = |status, body: &str| {
        let headers = HeaderMap::new();
        let evidence = Evidence::read(status, &headers, body.as_bytes());
        classify(Some(row), Channel::Device, &evidence, Timestamp::default()).verdict
    };
    assert_eq!(polled(403, ""), Verdict::Pending);
    assert_eq!(polled(404, r#"{"error":{"code":"unheard_of"}}"#), Verdict::Pending);
    assert_eq!(
        polled(403, r#"{"error":{"code":"expired_token"}}"#),
        Verdict::DeviceCodeExpired
    );
    assert_eq!(
        polled(403, "<html><title>Just a moment...</title></html>"),
        Verdict::EdgeBlocked
    );
    assert_eq!(
        polled(403, "<html><title>403 Forbidden</title></html>"),
        Verdict::EdgeBlocked
    );
}

#[test]
fn a_token_that_breaks_off_was_minted_and_is_lost() {
    check(200, r#"{"access_token":"eyJhbGciOi"#, Verdict::OutcomeUnknown);
    check(200, r#"{"access_token":"a"}"#, Verdict::Success);
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

/// What a renewal makes of a refusal in these words, where the row names no code of its own.
fn heard(body: &str) -> Verdict {
    heard_as(400, body)
}

fn heard_as(status: u16, body: &str) -> Verdict {
    let unnamed = acme_with(|oauth| oauth.terminal.clear());
    let reply = Reply {
        status,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        truncated: false,
    };
    match hear(&unnamed, &reply, &Secret::from("sent"), Timestamp::default()) {
        Heard::Refused { reading, .. } => reading.verdict,
        Heard::Granted(_) => panic!("granted: {body}"),
    }
}

#[test]
fn a_sentence_that_names_the_refresh_token_and_its_end_is_proof() {
    let plain = [
        "Refresh token has expired",
        "Invalid refresh_token",
        "The refresh token was not found.",
        "refresh token has already been used",
        "Could not decrypt the refresh token",
        "The refresh token is no longer valid",
        "Session not found",
        "Value passed for the token was invalid.",
    ];
    for sentence in plain {
        let body = format!(r#"{{"error":"invalid_request","error_description":"{sentence}"}}"#);
        assert_eq!(heard(&body), Verdict::GrantDead, "{sentence}");
    }
}

#[test]
fn any_other_sentence_of_an_end_is_an_opinion_that_a_renewal_does_not_act_on() {
    let open = [
        "Please log in again",
        "Your account was deleted from this cluster",
        "The token has lapsed",
        "This session is already being refreshed",
        "The access grant was superseded",
        "The code was superseded",
    ];
    for sentence in open {
        let body = format!(r#"{{"error":"invalid_request","error_description":"{sentence}"}}"#);
        check_at(None, 400, &body, Verdict::GrantDead);
        assert_eq!(heard(&body), Verdict::Transient, "{sentence}");
        // With a 2xx the tokens may stand where nobody looks for them.
        let told = format!(r#"{{"status":"{sentence}"}}"#);
        assert_eq!(heard_as(200, &told), Verdict::OutcomeUnknown, "{sentence}");
    }
    let kept = [
        "The refresh token is invalid for this client application",
        "Check whether the refresh token is expired",
        "The refresh token has not expired, the backend timed out",
        "Refresh token lookup failed, retry later: database not found",
        "Refresh token failed: unknown error",
        "refresh token: unknown error",
        "cannot parse refresh token response from upstream",
        "The refresh_token request is invalid",
    ];
    for sentence in kept {
        let body = format!(r#"{{"error":"invalid_request","error_description":"{sentence}"}}"#);
        assert_ne!(heard(&body), Verdict::GrantDead, "{sentence}");
    }
}
