//! What is found in answers of every API, in pieces of every size, and what only looks like it.

use super::*;
use crate::usage::told::Tokens;

#[track_caller]
fn check(form: Form, text: &str, expected: Option<(u64, u64, u64)>) {
    for size in (1..40).chain([text.len().max(1)]) {
        let mut scan = Scan::new(form);
        for piece in text.as_bytes().chunks(size) {
            scan.see(piece);
        }
        let found = scan.end().0.map(|told| {
            let Tokens { input, output, cached } = told.tokens();
            (input, output, cached)
        });
        assert_eq!(found, expected, "{text} in pieces of {size}");
    }
}

#[test]
fn documents_of_every_api() {
    check(
        Form::Document,
        r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3}},"system_fingerprint":"f"}"#,
        Some((9, 4, 3)),
    );
    check(
        Form::Document,
        "{ \"usage\" :\n { \"input_tokens\" : 9,\r\n\"output_tokens\": 4 } }\n",
        Some((9, 4, 0)),
    );
    check(
        Form::Document,
        r#"{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4},"modelVersion":"g"}"#,
        Some((9, 4, 0)),
    );
    check(
        Form::Document,
        r#"[{"usageMetadata":{"promptTokenCount":9}},{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4}}]"#,
        Some((9, 4, 0)),
    );
    check(
        Form::Document,
        r#"{"data":[[0.1,0.2]],"usage":{"prompt_tokens":8,"total_tokens":8}}"#,
        Some((8, 0, 0)),
    );
}

#[test]
fn streams_of_every_api() {
    check(
        Form::Events,
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n",
        Some((9, 4, 0)),
    );
    check(
        Form::Events,
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"metadata\":{\"usage\":{\"input_tokens\":1}},\"usage\":{\"input_tokens\":9,\"output_tokens\":4}}}\r\n\r\n",
        Some((9, 4, 0)),
    );
    check(
        Form::Events,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"delta\":{\"text\":\"\\\"usage\\\":{\\\"output_tokens\\\":7}\"}}\n\nevent: message_delta\ndata: {\"delta\":{},\"usage\":{\"output_tokens\":40}}\n\n",
        Some((14, 40, 5)),
    );
    // The last line of a stream need not be ended.
    check(Form::Events, "data: {\"usage\":{\"prompt_tokens\":9}}", Some((9, 0, 0)));
}

#[test]
fn what_a_model_or_a_tool_wrote_is_not_counted() {
    for text in [
        r#"{"content":"\"usage\":{\"input_tokens\":7}"}"#,
        r#"{"content":[{"type":"tool_use","input":{"usage":{"input_tokens":7}}}]}"#,
        r#"{"tools":[{"parameters":{"properties":{"usage":{"output_tokens":7}}}}]}"#,
        r#"{"metadata":{"usage":{"input_tokens":7}}}"#,
        r#"{"type":"usage","input_tokens":7}"#,
        r#"{"usage":"none"}"#,
        r#"{"usage":[{"input_tokens":7}]}"#,
        r#"{"usage_notes":{"input_tokens":7}}"#,
        r#"{"x":"\\","y":"\\\"usage\":{\"input_tokens\":7}"}"#,
    ] {
        check(Form::Document, text, None);
    }
    // The document's own counts, before and after what a tool was given.
    for text in [
        r#"{"usage":{"input_tokens":9,"output_tokens":4},"content":[{"input":{"usage":{"input_tokens":7}}}]}"#,
        r#"{"content":[{"input":{"usage":{"input_tokens":7}}},{"text":"}]{[\"usage"}],"usage":{"input_tokens":9,"output_tokens":4}}"#,
    ] {
        check(Form::Document, text, Some((9, 4, 0)));
    }
    let deep = "data: {\"item\":{\"input\":{\"usage\":{\"input_tokens\":7}}}}\n\n";
    check(Form::Events, deep, None);
}

#[test]
fn an_object_without_an_end_is_let_go() {
    let mut scan = Scan::new(Form::Document);
    scan.see(b"{\"usage\":{\"x\":\"");
    for _ in 0..1_000 {
        scan.see(&[b'y'; 1_024]);
    }
    scan.see(b"\"},\"usage\":{\"input_tokens\":9}}");
    assert!(scan.so_far().is_none());
    assert_eq!(scan.end().0.map(|told| told.tokens().input), Some(9));
    let mut cut = Scan::new(Form::Events);
    cut.see(b"data: {\"usage\":{\"input_tokens\":9}");
    assert_eq!(cut.end().0, None, "the rest of the event never came");
}

#[test]
fn what_comes_after_the_last_word_is_measured() {
    let begun = "data: {\"message\":{\"usage\":{\"input_tokens\":9}}}\n";
    let left = |text: &str, size: usize| {
        let mut scan = Scan::new(Form::Events);
        text.as_bytes().chunks(size).for_each(|piece| scan.see(piece));
        let (told, since) = scan.end();
        (told.map(|told| told.tokens().input), since)
    };
    for size in [1, 7, 10_000] {
        assert_eq!(left(&format!("{begun}{}", "x".repeat(500)), size), (Some(9), 500));
        assert_eq!(left(begun.trim_end(), size), (Some(9), 0));
        assert_eq!(left(&"x".repeat(500), size), (None, 500));
    }
}
