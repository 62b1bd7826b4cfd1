//! Event streams of the three surfaces, whole and broken, and how they are counted.

use std::time::Duration;

use evergrant_sandbox::Order;
use evergrant_sandbox::client::{Event, EventStream};
use serde_json::json;

use crate::visitor::{Visitor, hello};

const KEY: &str = "sk-sandbox-0000000000000000";

async fn open(visitor: &Visitor, path: &str) -> EventStream {
    let client = visitor.http.clone().bearer(KEY);
    let mut body = hello(true);
    body["input"] = json!("hello there");
    body["stream_options"] = json!({"include_usage": true});
    client.stream(&visitor.url(path), &body).await.unwrap()
}

fn text(events: &[Event]) -> String {
    events.iter().map(Event::text).collect()
}

#[tokio::test]
async fn chat_completions_stream_ends_with_usage_and_done() {
    let visitor = Visitor::new().await;
    let events = open(&visitor, "/v1/chat/completions").await.rest().await.unwrap();
    assert_eq!(text(&events), "You said: hello there");
    assert_eq!(events.last().unwrap().data, "[DONE]");
    let usage = events[events.len() - 2].json();
    assert!(usage["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    assert_eq!(events[0].json()["choices"][0]["delta"]["role"], "assistant");
    let counters = visitor.control.counters();
    assert_eq!((counters.streams_started, counters.streams_finished), (1, 1));
    assert_eq!(counters.streams_disconnected, 0);
}

#[tokio::test]
async fn responses_stream_is_numbered_from_created_to_completed() {
    let visitor = Visitor::new().await;
    let events = open(&visitor, "/v1/responses").await.rest().await.unwrap();
    assert_eq!(text(&events), "You said: hello there");
    assert_eq!(events[0].name, "response.created");
    assert_eq!(events.last().unwrap().name, "response.completed");
    for (number, event) in events.iter().enumerate() {
        let json = event.json();
        assert_eq!(json["sequence_number"], number);
        assert_eq!(json["type"], event.name);
    }
}

#[tokio::test]
async fn messages_stream_has_the_events_of_anthropic() {
    let visitor = Visitor::new().await;
    let events = open(&visitor, "/v1/messages").await.rest().await.unwrap();
    assert_eq!(text(&events), "You said: hello there");
    let mut names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
}

#[tokio::test]
async fn pieces_and_gaps_are_configurable() {
    let visitor = Visitor::with(|config| {
        config.chunks = 3;
        config.gap_ms = 10;
    })
    .await;
    let began = std::time::Instant::now();
    let events = open(&visitor, "/v1/chat/completions").await.rest().await.unwrap();
    let pieces = events.iter().filter(|event| !event.text().is_empty()).count();
    assert_eq!(pieces, 3);
    assert!(began.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn an_error_comes_before_or_after_content() {
    let visitor = Visitor::new().await;
    for path in ["/v1/chat/completions", "/v1/responses", "/v1/messages"] {
        visitor.control.arm(Order::new("stream-error-first").times(1)).unwrap();
        let events = open(&visitor, path).await.rest().await.unwrap();
        assert_eq!(text(&events), "", "{path}");
        let error = events.last().unwrap();
        assert_eq!(error.name, "error");
        assert!(error.json()["message"].as_str().unwrap().contains("subscription"));

        let order = Order::new("stream-error-late")
            .with("events", 2)
            .with("shape", "nested")
            .with("text", "rate limit exceeded")
            .with("code", "rate_limit")
            .times(1);
        visitor.control.arm(order).unwrap();
        let events = open(&visitor, path).await.rest().await.unwrap();
        let contents = events.iter().filter(|event| !event.text().is_empty()).count();
        assert_eq!(contents, 2, "{path}");
        let error = events.last().unwrap().json();
        assert_eq!(error["error"]["message"], "rate limit exceeded");
        assert_eq!(error["error"]["code"], "rate_limit");
    }
}

#[tokio::test]
async fn a_cut_stream_gives_its_events_and_then_breaks() {
    let visitor = Visitor::new().await;
    visitor
        .control
        .arm(Order::new("stream-cut").with("events", 3).times(1))
        .unwrap();
    let mut stream = open(&visitor, "/v1/chat/completions").await;
    for _ in 0..3 {
        assert!(stream.next().await.unwrap().is_some());
    }
    assert!(stream.next().await.is_err());
    assert_eq!(visitor.control.counters().streams_finished, 0);
}

#[tokio::test]
async fn an_empty_stream_ends_well_without_any_event() {
    let visitor = Visitor::new().await;
    visitor.control.arm(Order::new("stream-empty").times(1)).unwrap();
    let mut stream = open(&visitor, "/v1/responses").await;
    assert_eq!(stream.status, 200);
    assert!(stream.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_client_that_leaves_is_counted() {
    let visitor = Visitor::with(|config| config.gap_ms = 20).await;
    let mut stream = open(&visitor, "/v1/chat/completions").await;
    stream.next().await.unwrap();
    drop(stream);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while visitor.control.counters().streams_disconnected == 0 {
        assert!(std::time::Instant::now() < deadline, "the sandbox never noticed");
        tokio::task::yield_now().await;
    }
    assert_eq!(visitor.control.counters().streams_finished, 0);
}
