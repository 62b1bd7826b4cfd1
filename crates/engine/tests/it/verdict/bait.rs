//! Bait: what a user wrote, echoed by a provider, never decides.

use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Verdict, classify};
use http::HeaderMap;
use serde_json::{Value, json};

const WORDS: [&str; 20] = [
    "unauthorized",
    "invalid_api_key",
    "insufficient_quota",
    "Bearer abc.def.ghi",
    "quota exceeded, please recharge",
    "[WKE=unauthenticated:bad-credentials]",
    "unauthenticated:expired",
    "rate_limit_exceeded",
    "overloaded_error",
    "model_not_found",
    "your account has been suspended",
    "credit balance is too low",
    "Traceback (most recent call last): AuthenticationError: 401",
    "{\"error\":{\"code\":\"invalid_api_key\"}}",
    "error: invalid_grant",
    "context_length_exceeded",
    "Just a moment...",
    "usage limit reached, try again in 6 days",
    "content_policy_violation",
    "do not have an active Grok subscription",
];

fn read(status: u16, body: &Value) -> Verdict {
    let headers = HeaderMap::new();
    let evidence = Evidence::read(status, &headers, body.to_string().as_bytes());
    classify(None, Channel::Inference, &evidence, Timestamp::default()).verdict
}

/// Ten shapes in which a prompt comes back, and what each means.
fn shapes(bait: &str) -> Vec<(u16, Value, Verdict)> {
    vec![
        (
            200,
            json!({"choices": [{"message": {"content": bait}}]}),
            Verdict::Success,
        ),
        (
            200,
            json!({"type": "message", "content": [{"type": "text", "text": bait}]}),
            Verdict::Success,
        ),
        (
            200,
            json!({"object": "response", "error": null, "output": [{"content": bait}]}),
            Verdict::Success,
        ),
        (200, json!({"object": "list", "data": [{"id": bait}]}), Verdict::Success),
        (
            422,
            json!({"detail": [{"loc": ["body"], "msg": "Field required", "type": "missing", "input": bait}]}),
            Verdict::InvalidRequest,
        ),
        (
            400,
            json!({"error": {"type": "invalid_request_error", "message": format!("Unknown tool '{bait}'")}}),
            Verdict::InvalidRequest,
        ),
        (
            400,
            json!({"error": {"type": "invalid_request_error", "message": "bad value", "param": bait}}),
            Verdict::InvalidRequest,
        ),
        (
            403,
            json!({"error": {"message": "Input was flagged", "metadata": {"flagged_input": bait}}}),
            Verdict::ContentBlocked,
        ),
        (
            500,
            json!({"error": {"type": "api_error", "message": "Internal server error"}, "request": {"prompt": bait}}),
            Verdict::ServerError,
        ),
        (
            404,
            json!({"error": {"code": "model_not_found", "message": format!("The model `{bait}` does not exist")}}),
            Verdict::ModelUnavailable,
        ),
    ]
}

#[test]
fn two_hundred_echoes_change_nothing() {
    for bait in WORDS {
        for (status, body, verdict) in shapes(bait) {
            assert_eq!(read(status, &body), verdict, "{status} {body}");
        }
    }
}
