//! Everything bounded: heads, bodies, patience.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::bytes::post;
use super::desk::Desk;

#[tokio::test]
async fn heads_that_are_too_large_or_too_many_are_refused() {
    let desk = Desk::open().await;
    let long = format!(
        "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n",
        "x".repeat(300_000)
    );
    let many: String = (0..500).map(|number| format!("x-{number}: 1\r\n")).collect();
    let many = format!("GET /v1/models HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    for bomb in [long, many] {
        let (status, _) = desk.gateway.status(&bomb).await;
        assert!(matches!(status, 431 | 400 | 0), "{status}");
    }
    assert_eq!(desk.chat().await.status, 200);
}

#[tokio::test]
async fn requests_that_two_readers_would_read_differently_are_refused() {
    let desk = Desk::open().await;
    let before = desk.control().counters().inference_requests;
    for framing in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: -1\r\n",
        "content-length: +5\r\n",
        "content-length: 5, 6\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: chunked, gzip\r\n",
        "transfer-encoding : chunked\r\n",
    ] {
        let request = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n0\r\n\r\n");
        let (status, _) = desk.gateway.status(&request).await;
        assert!(matches!(status, 400 | 0 | 404), "{framing}: {status}");
    }
    assert_eq!(desk.control().counters().inference_requests, before);
}

#[tokio::test]
async fn a_body_that_breaks_is_told() {
    let desk = Desk::open().await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    for broken in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "5\r\n{\"a\"XX\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}",
    ] {
        let (status, body) = desk.gateway.status(&format!("{head}{broken}")).await;
        assert!(
            status == 400 && body.contains("body-broken"),
            "{broken}: {status} {body}"
        );
    }
    assert_eq!(desk.control().counters().inference_requests, 0);
    assert_eq!(desk.chat().await.status, 200);
}

#[tokio::test]
async fn a_hundred_mebibytes_go_through_without_replay_or_not_at_all() {
    let desk = Desk::open().await;
    let filler = vec![b'x'; 100 * 1024 * 1024];
    let before = memory(&desk);
    let mut body =
        b"{\"model\":\"grok-4.3\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"metadata\":\"".to_vec();
    body.extend_from_slice(&filler);
    body.extend_from_slice(b"\"}");
    let answer = String::from_utf8(desk.gateway.raw(&with_body(&body)).await).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200"),
        "{}",
        &answer[..answer.len().min(300)]
    );
    assert!(
        answer.to_ascii_lowercase().contains("x-evergrant-replay: no"),
        "{answer}"
    );
    let mut body = b"{\"metadata\":\"".to_vec();
    body.extend_from_slice(&filler);
    body.extend_from_slice(b"\",\"model\":\"grok-4.3\"}");
    let answer = String::from_utf8_lossy(&desk.gateway.raw(&with_body(&body)).await).into_owned();
    // A gateway that answers before it was told all may have closed before its words were read.
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413") && answer.contains("body-too-large"),
        "{answer}"
    );
    let after = memory(&desk);
    assert!(
        after < before + 96 * 1024,
        "{before} KiB before, {after} KiB at the most"
    );
    assert_eq!(desk.chat().await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_read_for_its_model_is_in_memory_once() {
    let desk = Desk::open().await;
    let added = ["key", "add", "narrow", "--model", "grok-*", "--json"];
    let added = desk.scratch.run(&added).await.expect(0).json();
    let key = format!("x-api-key: {}\r\n", added["key"].as_str().unwrap());
    let before = memory(&desk);
    let filler = "x".repeat(31 * 1024 * 1024);
    let body = format!("{{\"metadata\":\"{filler}\",\"messages\":[],\"model\":\"grok-4.3\"}}");
    let request = with_headers(body.as_bytes(), &key);
    let answer = String::from_utf8(desk.gateway.raw(&request).await).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200"),
        "{}",
        &answer[..answer.len().min(300)]
    );
    let grown = memory(&desk) - before;
    // Held twice it would be 62 MiB and what the connections take.
    assert!(grown < 44 * 1024, "{grown} KiB for a body of 31 MiB");
}

fn with_body(body: &[u8]) -> Vec<u8> {
    with_headers(body, "")
}

fn with_headers(body: &[u8], headers: &str) -> Vec<u8> {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The most memory that the gateway has had, in KiB.
fn memory(desk: &Desk) -> u64 {
    let path = format!("/proc/{}/status", desk.gateway.child.id().unwrap());
    let status = std::fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn slow_heads_hold_nobody_up() {
    let desk = Desk::open().await;
    let mut slow = Vec::new();
    for _ in 0..512 {
        let mut stream = desk.gateway.connect().await;
        stream
            .write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: local")
            .await
            .unwrap();
        slow.push(stream);
    }
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(desk.chat().await.status, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    // One that comes to its end after all is answered.
    let mut late = slow.pop().unwrap();
    let request = post("/v1/chat/completions", "{\"model\":\"grok-4.3\",\"messages\":[]}");
    let rest = request.split_once("host: local").unwrap().1;
    late.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
}
