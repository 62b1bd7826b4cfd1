//! Events of a stream: errors, content, and neither.

use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{EventMeaning, Verdict, judge_event};

fn meaning(name: Option<&str>, data: &str) -> EventMeaning {
    judge_event(None, name, data.as_bytes(), Timestamp::from_secs(1_780_000_000))
}

#[track_caller]
fn nothing_yet(name: Option<&str>, data: &str) {
    assert_eq!(meaning(name, data), EventMeaning::NotYet, "{data}");
}

#[track_caller]
fn content(name: Option<&str>, data: &str) {
    assert_eq!(meaning(name, data), EventMeaning::Content, "{data}");
}

#[track_caller]
fn error(name: Option<&str>, data: &str, verdict: Verdict) {
    match meaning(name, data) {
        EventMeaning::Error(reading) => assert_eq!(reading.verdict, verdict, "{data} by {:?}", reading.signal),
        other => panic!("{data} is {other:?}"),
    }
}

#[test]
fn openings_bear_nothing() {
    nothing_yet(None, "");
    nothing_yet(None, "[DONE]");
    nothing_yet(Some("ping"), r#"{"type":"ping"}"#);
    nothing_yet(
        Some("message_start"),
        r#"{"type":"message_start","message":{"id":"m","content":[]}}"#,
    );
    nothing_yet(
        Some("response.created"),
        r#"{"type":"response.created","response":{"error":null}}"#,
    );
    nothing_yet(None, r#"{"type":"response.in_progress","response":{"id":"r"}}"#);
    nothing_yet(
        None,
        r#"{"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}"#,
    );
    nothing_yet(None, r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#);
    nothing_yet(None, r#"{"choices":[],"prompt_filter_results":[]}"#);
}

#[test]
fn content_is_content() {
    content(None, r#"{"choices":[{"delta":{"content":"Hi"}}]}"#);
    content(None, r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#);
    content(None, r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#);
    content(
        None,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"error":null}"#,
    );
    content(None, r#"{"choices":[{"text":"a"}]}"#);
    content(
        Some("content_block_delta"),
        r#"{"type":"content_block_delta","delta":{"text":"error"}}"#,
    );
    content(
        None,
        r#"{"type":"response.output_text.delta","delta":"unauthenticated:"}"#,
    );
    content(None, "not json at all");
}

#[test]
fn errors_of_every_surface() {
    let xai = "The OAuth2 access token could not be validated. [WKE=unauthenticated:bad-credentials]";
    error(
        None,
        &format!(r#"{{"type":"error","error":"{xai}"}}"#),
        Verdict::Unauthenticated,
    );
    error(
        None,
        &format!(r#"{{"type":"error","message":"{xai}"}}"#),
        Verdict::Unauthenticated,
    );
    error(
        None,
        &format!(r#"{{"code":"x","error":"{xai}"}}"#),
        Verdict::Unauthenticated,
    );
    let failed = r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"x"}}}"#;
    error(Some("response.failed"), failed, Verdict::RateLimited);
    error(None, failed, Verdict::RateLimited);
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    error(Some("error"), overloaded, Verdict::Overloaded);
    let chunk = r#"{"choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"x"}}"#;
    error(None, chunk, Verdict::ServerError);
    error(
        None,
        r#"{"error":{"message":"Internal server error","type":"server_error"}}"#,
        Verdict::ServerError,
    );
    error(Some("error"), "upstream went away", Verdict::ServerError);
    error(Some("error"), "{}", Verdict::ServerError);
}
