//! A budget of tokens that not being told, coding, leaving early and other ways of asking do not get past.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::keys::key;
use super::upstream::Upstream;
use crate::scratch::signal;

fn answer(head: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let head = format!("HTTP/1.1 200 OK\r\n{head}\r\ncontent-length: {}\r\n\r\n", body.len());
    vec![[head.as_bytes(), body].concat()]
}

fn post(path: &str, secret: &str, lines: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {secret}\r\n{lines}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

const NAMED: &str = "{\"model\":\"raw-1\"}";
const JSON: &str = "content-type: application/json\r\n";

/// How many such requests are answered before the budget is used up; 50 if it never is.
async fn until_used_up(upstream: &Upstream, request: &str) -> u32 {
    for answered in 0..50 {
        let (status, text) = upstream.gateway.status(request).await;
        if status == 429 {
            let told: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(told["error"]["code"], "client-key-limited", "{text}");
            return answered;
        }
        assert_eq!(status, 200, "{text}");
    }
    50
}

/// What stands in the books once the gateway has ended.
async fn booked(mut upstream: Upstream) -> Value {
    signal(&upstream.gateway.child, "TERM");
    assert!(upstream.gateway.child.wait().await.unwrap().success());
    upstream.scratch.run(&["usage", "--json"]).await.expect(0).json()
}

#[tokio::test]
async fn a_coded_answer_is_counted_too() {
    let coded = answer("content-type: application/json\r\ncontent-encoding: gzip", &[0x1f; 400]);
    let sound = answer("content-type: audio/mpeg", &[0x1f; 8_000]);
    for (answers, path, lines) in [
        (coded, "/p/raw/chat/completions", ""),
        (sound, "/p/raw/audio/speech", JSON),
    ] {
        let upstream = Upstream::answering(vec![answers]).await;
        let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "100"]).await;
        let lines = format!("{lines}accept-encoding: gzip, br\r\n");
        let answered = until_used_up(&upstream, &post(path, &secret, &lines, NAMED)).await;
        assert!((1..=20).contains(&answered), "{path}: {answered}");
        // A provider that heeds it codes nothing for such a key, and tells what was used.
        for seen in upstream.seen() {
            assert_eq!(seen.header("accept-encoding"), ["identity"], "{}", seen.head);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused() {
    let upstream = Upstream::answering(vec![answer("content-type: application/json", b"{}")]).await;
    let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "100000"]).await;
    let socket = format!(
        "GET /v1/realtime?model=raw-1 HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nx-api-key: {secret}\r\n\r\n"
    );
    for request in [
        socket,
        post("/p/raw/batches", &secret, JSON, "{\"input_file_id\":\"file-1\"}"),
        post("/p/raw/messages/batches", &secret, JSON, "{\"requests\":[]}"),
        post("/p/raw/fine_tuning/jobs", &secret, JSON, "{}"),
        post("/p/raw/b%61tches", &secret, JSON, "{}"),
        post("/p/raw/b%2561tches", &secret, JSON, "{}"),
        post("/p/raw/Batches;x", &secret, JSON, "{}"),
        post("/p/raw/videos", &secret, JSON, NAMED),
        post("/v1/videos/generations", &secret, JSON, NAMED),
    ] {
        let (status, text) = upstream
            .gateway
            .status(&request.replacen("host:", "connection: close\r\nhost:", 1))
            .await;
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(
            (status, told["error"]["code"].as_str()),
            (403, Some("client-key-forbidden")),
            "{request}: {text}"
        );
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn what_uses_no_tokens_costs_none() {
    let upstream = Upstream::answering(vec![answer(
        "content-type: application/json",
        b"{\"input_tokens\":7000}",
    )])
    .await;
    let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "100"]).await;
    let long = format!("{{\"model\":\"raw-1\",\"x\":\"{}\"}}", "y".repeat(4_000));
    for path in [
        "/v1/messages/count_tokens",
        "/v1/responses/input_tokens",
        "/p/raw/v1beta/models/raw-1:countTokens",
        "/p/raw/files",
        "/p/raw/uploads/upload_1/parts",
        "/p/raw/responses/resp_1/cancel",
    ] {
        for _ in 0..2 {
            let (status, text) = upstream.gateway.status(&post(path, &secret, JSON, &long)).await;
            assert_eq!(status, 200, "{path}: {text}");
        }
    }
    let table = booked(upstream).await;
    assert_eq!(table["total"]["requests"], 0, "{table}");
}

#[tokio::test]
async fn who_leaves_a_stream_early_pays_for_what_came() {
    let begun =
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n";
    let word =
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"word after word\"}}\n\n";
    let events = format!("{begun}{}", word.repeat(60));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    let stream = format!("{head}\r\n{:x}\r\n{events}\r\n", events.len());
    let upstream = Upstream::answering(vec![vec![stream.into_bytes()]]).await;
    let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "100"]).await;
    let request = post(
        "/p/raw/messages",
        &secret,
        JSON,
        "{\"model\":\"raw-1\",\"stream\":true}",
    );
    let mut answered = 0;
    loop {
        let mut leaving = upstream.gateway.connect().await;
        leaving.write_all(request.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < 4_000 && leaving.read_buf(&mut heard).await.unwrap() > 0 {}
        if heard.starts_with(b"HTTP/1.1 429") {
            break;
        }
        assert!(
            heard.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&heard)
        );
        answered += 1;
        assert!(answered < 15, "no end");
        drop(leaving);
    }
    assert!(answered >= 2, "{answered}");
}

#[tokio::test]
async fn an_answer_that_is_fetched_later_counts_when_it_tells() {
    let queued = answer(
        "content-type: application/json",
        b"{\"status\":\"queued\",\"usage\":null}",
    );
    let told = answer(
        "content-type: application/json",
        b"{\"status\":\"completed\",\"usage\":{\"input_tokens\":90,\"output_tokens\":60}}",
    );
    let upstream = Upstream::answering(vec![queued, told]).await;
    let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "100"]).await;
    // A key with a budget may not have it made in the background, but whoever is told its id may fetch it.
    let free = key(&upstream.scratch, "free", &[]).await;
    let made = post(
        "/v1/responses",
        &free,
        JSON,
        "{\"model\":\"raw-1\",\"background\":true}",
    );
    assert_eq!(upstream.gateway.status(&made).await.0, 200);
    let fetched = format!(
        "GET /v1/responses/resp_1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {secret}\r\n\r\n"
    );
    assert_eq!(upstream.gateway.status(&fetched).await.0, 200);
    assert_eq!(upstream.gateway.status(&fetched).await.0, 429);
    let table = booked(upstream).await;
    assert_eq!(
        (&table["total"]["requests"], &table["total"]["untold"]),
        (&1.into(), &1.into()),
        "{table}"
    );
}

#[tokio::test]
async fn an_answer_that_is_fetched_again_costs_no_more() {
    let told = |id: &str| {
        let body = format!("{{\"id\":\"{id}\",\"usage\":{{\"input_tokens\":90,\"output_tokens\":60}}}}");
        answer("content-type: application/json", body.as_bytes())
    };
    let upstream = Upstream::answering(vec![told("resp_1")]).await;
    let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "400"]).await;
    let fetch = |id: &str| {
        format!(
            "GET /v1/responses/{id}?include=x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {secret}\r\n\r\n"
        )
    };
    let made = post("/v1/responses", &secret, JSON, NAMED);
    assert_eq!(upstream.gateway.status(&made).await.0, 200);
    for _ in 0..4 {
        assert_eq!(
            upstream.gateway.status(&fetch("resp_1")).await.0,
            200,
            "it told when it was made"
        );
        assert_eq!(
            upstream.gateway.status(&fetch("resp_2")).await.0,
            200,
            "it costs when it is fetched first"
        );
    }
    let escaped = fetch("resp_3").replace("/responses/", "/%72esponses/");
    assert_eq!(upstream.gateway.status(&escaped).await.0, 200);
    assert_eq!(
        upstream.gateway.status(&fetch("resp_1")).await.0,
        429,
        "three have been paid for"
    );
}

#[tokio::test]
async fn no_answer_is_made_later_for_a_budget() {
    let upstream = Upstream::answering(vec![answer("content-type: application/json", b"{}")]).await;
    let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "100000"]).await;
    let utf16: String = "{\"background\":true}".chars().flat_map(|c| [c, '\0']).collect();
    let coded = "content-type: application/json\r\ncontent-encoding: x-own\r\n";
    for (path, lines, body) in [
        ("/v1/responses", JSON, "{\"model\":\"raw-1\",\"background\":true}"),
        (
            "/p/raw/responses",
            JSON,
            "{\"conversation\":\"conv_1\",\"x\":[{}],\"Backgr\\u006fund\":1}",
        ),
        ("/p/raw/%72esponses", "", "{\"background\":true}"),
        ("/p/raw/responses/", JSON, "{\"background\\u0000\":true}"),
        ("/p/raw/responses", coded, NAMED),
        ("/p/raw/responses", JSON, "background=true"),
        ("/p/raw/responses", JSON, &utf16),
        ("/v1/chat/completions", JSON, "{\"model\":\"raw-1\",\"deferred\":true}"),
    ] {
        let (status, text) = upstream.gateway.status(&post(path, &secret, lines, body)).await;
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(
            (status, told["error"]["code"].as_str()),
            (403, Some("client-key-forbidden")),
            "{path} {body}: {text}"
        );
    }
    assert!(upstream.seen().is_empty());
    let now = "{\"model\":\"raw-1\",\"background\":false,\"x\":{\"background\":true}}";
    let (status, text) = upstream
        .gateway
        .status(&post("/v1/responses", &secret, JSON, now))
        .await;
    assert_eq!(status, 200, "{text}");
}

#[tokio::test]
async fn who_leaves_a_fetched_stream_early_pays_for_what_came() {
    let word = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"word\"}\n\n";
    let events = word.repeat(100);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    let stream = format!("{head}\r\n{:x}\r\n{events}\r\n", events.len());
    let upstream = Upstream::answering(vec![vec![stream.into_bytes()]]).await;
    let secret = key(&upstream.scratch, "held", &["--tokens-per-day", "100"]).await;
    let mut answered = 0;
    loop {
        let mut leaving = upstream.gateway.connect().await;
        let request = format!(
            "GET /v1/responses/resp_1?stream=true HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {secret}\r\n\r\n"
        );
        leaving.write_all(request.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < 4_000 && leaving.read_buf(&mut heard).await.unwrap() > 0 {}
        if heard.starts_with(b"HTTP/1.1 429") {
            break;
        }
        assert!(
            heard.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&heard)
        );
        answered += 1;
        assert!(answered < 15, "no end");
        drop(leaving);
    }
    assert!(answered >= 2, "{answered}");
}

#[tokio::test]
async fn no_key_with_a_limit_gets_a_key_of_the_providers_own() {
    let upstream = Upstream::answering(vec![answer("content-type: application/json", b"{}")]).await;
    let paths = [
        "/v1/realtime/client_secrets",
        "/p/raw/realtime/sessions",
        "/p/raw/realtime/calls",
        "/p/raw/v1alpha/auth_tokens",
        "/p/raw/r%65altime/Client_Secrets",
    ];
    for (name, terms) in [
        ("dated", ["--expires", "1d"]),
        ("paced", ["--rpm", "1000"]),
        ("narrow", ["--concurrency", "100"]),
        ("bound", ["--provider", "raw"]),
        ("counted", ["--tokens-per-day", "1000000"]),
        ("named", ["--model", "raw-1"]),
    ] {
        let secret = key(&upstream.scratch, name, &terms).await;
        for path in paths {
            let (status, text) = upstream.gateway.status(&post(path, &secret, JSON, NAMED)).await;
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            assert_eq!(
                (status, told["error"]["code"].as_str()),
                (403, Some("client-key-forbidden")),
                "{name} {path}: {text}"
            );
        }
    }
    assert!(upstream.seen().is_empty());
    let secret = key(&upstream.scratch, "free", &[]).await;
    for path in paths {
        assert_eq!(upstream.gateway.status(&post(path, &secret, JSON, NAMED)).await.0, 200);
    }
}
