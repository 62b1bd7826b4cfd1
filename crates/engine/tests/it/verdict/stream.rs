//! Events of a stream: errors, content, and neither.

use evergrant_engine::provider::{Origin, RowFile, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{EventMeaning, Heard, Verdict, judge_event};

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
fn half_an_object_bears_nothing_however_strange_it_is() {
    nothing_yet(None, r#"{"choices":[{"delta":{"content":"Hi"#);
    nothing_yet(None, r#"{"type":2"#);
    nothing_yet(None, r#"{"type":"error_like","status":21e"#);
    nothing_yet(Some("message"), r#"{"type":{"of":"event"},"text":"Hi""#);
    content(None, r#"{"type":2,"text":"Hi"}"#);
    content(None, "half of {\"type\":2");
}

#[test]
fn content_is_content() {
    content(None, r#"{"choices":[{"delta":{"content":"Hi"}}]}"#);
    content(None, r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#);
    content(None, r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#);
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
fn a_stream_has_its_last_event() {
    for (name, data) in [
        (None, "[DONE]"),
        (
            None,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"error":null}"#,
        ),
        (None, r#"{"choices":[],"usage":{"total_tokens":3}}"#),
        (Some("message_stop"), r#"{"type":"message_stop"}"#),
        (
            Some("message_delta"),
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        ),
        (
            None,
            r#"{"type":"response.completed","response":{"error":null,"metadata":{"error":"x"}}}"#,
        ),
        (
            None,
            r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}"#,
        ),
        (None, r#"{"candidates":[{"finishReason":"STOP"}]}"#),
    ] {
        assert_eq!(meaning(name, data), EventMeaning::Last, "{data}");
    }
}

#[test]
fn a_stream_that_ends_without_it_was_cut() {
    let heard = |events: &[(Option<&str>, &str)]| {
        let mut heard = Heard::default();
        events
            .iter()
            .for_each(|(name, data)| heard.hear(*name, data.as_bytes()));
        let name = heard
            .reading()
            .map_or("unknown".to_owned(), |reading| reading.signal.name.into_owned());
        (name, heard.is_unfinished())
    };
    let told = |name: &str, unfinished| (name.to_owned(), unfinished);
    let word = (None, r#"{"choices":[{"delta":{"content":"Hi"}}]}"#);
    assert_eq!(heard(&[]), told("stream-empty", false));
    assert_eq!(heard(&[(Some("ping"), "")]), told("stream-empty", false));
    assert_eq!(heard(&[word]), told("stream-cut", true));
    assert_eq!(heard(&[word, (None, "[DONE]")]), told("status-2xx", false));
    assert_eq!(
        heard(&[(Some("message_start"), r#"{"type":"message_start"}"#)]),
        told("stream-cut", true)
    );
    assert_eq!(
        heard(&[(None, r#"{"tokens":"of another API"}"#)]),
        told("unknown", false)
    );
}

#[test]
fn the_users_own_signals_find_errors_that_no_api_has() {
    let text = "id = \"groq\"\n[[signal]]\nname = \"own\"\nchannel = \"stream\"\nwhere = \"type\"\n\
                equals = \"session.terminated\"\nverdict = \"overloaded\"\n";
    let file = RowFile::parse("groq.toml", text, Origin::File("groq.toml".to_owned())).unwrap();
    let table = Table::built_in().with([file]).unwrap();
    let row = table.row(&"groq".into()).unwrap();
    let judged = |data: &str| judge_event(Some(row), None, data.as_bytes(), Timestamp::default());
    match judged(r#"{"type":"session.terminated","message":"bye"}"#) {
        EventMeaning::Error(reading) => {
            assert_eq!((reading.verdict, &*reading.signal.name), (Verdict::Overloaded, "own"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        judged(r#"{"choices":[{"delta":{"content":"session.terminated"}}]}"#),
        EventMeaning::Content
    );
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
    let limited = r#"[{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}]"#;
    error(None, limited, Verdict::RateLimited);
    error(
        None,
        r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#,
        Verdict::ServerError,
    );
    error(
        None,
        r#"{"code":"invalid_api_key","message":"Incorrect API key provided"}"#,
        Verdict::Unauthenticated,
    );
    let filtered = r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}"#;
    error(Some("response.incomplete"), filtered, Verdict::ContentBlocked);
    error(Some("error"), "upstream went away", Verdict::ServerError);
    error(Some("error"), "{}", Verdict::ServerError);
}
