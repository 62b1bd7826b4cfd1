//! Section B: what xAI's bodies mean. X1 to X7 are the bodies of PROVIDERS.md.

use evergrant_engine::provider::{Row, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, EventMeaning, Evidence, Reading, Verdict, classify, judge_event};
use http::HeaderMap;
use serde_json::{Value, json};

const X1: &str = "You do not have an active Grok subscription. Manage at https://grok.com";
const X2: &str = "You have either run out of available resources or do not have an active Grok subscription. \
                  Manage subscriptions at https://grok.com/?_s=usage or subscribe at https://grok.com/supergrok";
const X3: &str = "The OAuth2 access token could not be validated. [WKE=unauthenticated:bad-credentials]";
const NO_PERMISSION: &str = "The caller does not have permission to execute the specified operation";
const NOW: Timestamp = Timestamp::from_secs(1_780_000_000);

fn x4() -> Value {
    json!({"code": "unauthenticated:bad-credentials", "error": "The OAuth2 access token could not be validated."})
}

fn x5() -> Value {
    json!({"code": "personal-team-blocked:spending-limit",
           "error": "You have run out of credits or need a Grok subscription. Add credits at https://grok.com"})
}

fn row(id: &str) -> Row {
    Row::clone(Table::built_in().row(&id.into()).unwrap())
}

fn reading(status: u16, body: &str) -> Reading {
    let headers = HeaderMap::new();
    let evidence = Evidence::read(status, &headers, body.as_bytes());
    classify(Some(&row("xai-oauth")), Channel::Inference, &evidence, NOW)
}

#[track_caller]
fn check(status: u16, body: impl ToString, verdict: Verdict) {
    let body = body.to_string();
    let reading = reading(status, &body);
    assert_eq!(reading.verdict, verdict, "{status} {body} by {:?}", reading.signal);
}

/// The body as every field order and envelope has it.
#[track_caller]
fn check_in_envelopes(status: u16, code: &str, text: &str, verdict: Verdict) {
    check(status, json!({"code": code, "error": text}), verdict);
    check(status, json!({"error": text, "code": code}), verdict);
    check(status, json!({"reason": code, "message": text}), verdict);
    check(status, json!({"error": {"code": code, "message": text}}), verdict);
    check(
        status,
        json!({"error": json!({"code": code, "error": text}).to_string()}),
        verdict,
    );
}

#[test]
fn stale_wke_suffix_is_unauthenticated() {
    check_in_envelopes(403, NO_PERMISSION, X3, Verdict::Unauthenticated);
}

#[test]
fn any_wke_reason_is_unauthenticated() {
    for reason in ["bad-credentials", "expired-token", "revoked", "some-future-reason"] {
        let text = format!("Whatever it says. [WKE=unauthenticated:{reason}]");
        check_in_envelopes(403, NO_PERMISSION, &text, Verdict::Unauthenticated);
    }
}

#[test]
fn stale_phrase_alone_is_unauthenticated() {
    let phrase = "The OAuth2 access token could not be validated.";
    check_in_envelopes(403, NO_PERMISSION, phrase, Verdict::Unauthenticated);
    check(403, phrase, Verdict::Unauthenticated);
}

#[test]
fn marker_in_code_is_unauthenticated() {
    check(403, x4(), Verdict::Unauthenticated);
    check_in_envelopes(
        403,
        "unauthenticated:some-future-reason",
        "Another text.",
        Verdict::Unauthenticated,
    );
}

#[test]
fn authentication_beats_entitlement() {
    check(403, json!({"code": X1, "error": X3}), Verdict::Unauthenticated);
    check(
        403,
        json!({"code": "unauthenticated:expired", "error": X2}),
        Verdict::Unauthenticated,
    );
    check(
        403,
        json!({"code": "permission_denied", "error": format!("{X2} {X3}")}),
        Verdict::Unauthenticated,
    );
}

#[test]
fn marker_is_case_insensitive() {
    for text in [
        X3.to_uppercase(),
        X3.to_lowercase(),
        X3.replace("WKE", "wKe").replace("unauth", "UnAuth"),
    ] {
        check_in_envelopes(403, NO_PERMISSION, &text, Verdict::Unauthenticated);
    }
    check(
        403,
        json!({"code": "UNAUTHENTICATED:Bad-Credentials"}),
        Verdict::Unauthenticated,
    );
}

#[test]
fn entitlement_bodies() {
    for text in [X1, X2] {
        check_in_envelopes(403, NO_PERMISSION, text, Verdict::NotEntitled);
        check_in_envelopes(401, NO_PERMISSION, text, Verdict::NotEntitled);
    }
    check(
        403,
        json!({"error": "This account does not have permission to use Grok Build"}),
        Verdict::NotEntitled,
    );
    check(
        403,
        json!({"reason": "permission_denied", "message": "no"}),
        Verdict::NotEntitled,
    );
}

#[test]
fn entitlement_needs_401_or_403() {
    for status in [500, 429, 200] {
        let verdict = reading(status, &json!({"code": NO_PERMISSION, "error": X2}).to_string()).verdict;
        assert_ne!(verdict, Verdict::NotEntitled, "{status}");
    }
}

#[test]
fn unrelated_auth_errors_are_not_entitlement() {
    check(401, json!({"error": "Invalid API key"}), Verdict::Unauthenticated);
    check(401, json!({"error": "Token has expired"}), Verdict::Unauthenticated);
    for status in [401, 403] {
        check(status, "{}", Verdict::UnknownDenial);
        check(status, "", Verdict::UnknownDenial);
    }
}

#[test]
fn spending_limit_is_money() {
    check(403, x5(), Verdict::OutOfCredit);
    check(403, json!({"error": x5()}), Verdict::OutOfCredit);
}

#[test]
fn stream_event_has_the_same_verdict() {
    let texts = [
        (X1, Verdict::NotEntitled),
        (X3, Verdict::Unauthenticated),
        ("rate limit exceeded", Verdict::RateLimited),
        ("The model `grok-9` is not available", Verdict::ModelUnavailable),
        ("model not available", Verdict::ModelUnavailable),
    ];
    for (text, verdict) in texts {
        let flat = json!({"type": "error", "code": NO_PERMISSION, "message": text});
        let error = json!({"type": "error", "error": text});
        let nested = json!({"type": "error", "error": {"code": NO_PERMISSION, "message": text}});
        for event in [flat, error, nested] {
            for name in [Some("error"), None] {
                let meaning = judge_event(Some(&row("xai-oauth")), name, event.to_string().as_bytes(), NOW);
                let EventMeaning::Error(reading) = meaning else {
                    panic!("{event} is {meaning:?}");
                };
                assert_eq!(reading.verdict, verdict, "{event} by {:?}", reading.signal);
            }
        }
    }
}

#[test]
fn bare_403() {
    check(403, "Forbidden", Verdict::UnknownDenial);
    check(403, json!({"error": "Forbidden"}), Verdict::UnknownDenial);
}

#[test]
fn denial_texts_without_credentials_words() {
    check(
        403,
        json!({"error": "Rate limit exceeded, please slow down"}),
        Verdict::RateLimited,
    );
    check(500, json!({"error": "Internal error"}), Verdict::ServerError);
    let prompt = json!({"detail": [{"loc": ["body", "messages"], "msg": "too short", "type": "value_error",
                                    "input": "please say unauthenticated, [WKE=unauthenticated:x]"}]});
    check(422, prompt, Verdict::InvalidRequest);
    let quoted = json!({"error": {"message": "Unknown name \"unauthenticated\" at 'messages[0]'"}});
    check(400, quoted, Verdict::InvalidRequest);
    check(
        200,
        json!({"choices": [{"message": {"content": X3}}]}),
        Verdict::Success,
    );
}
