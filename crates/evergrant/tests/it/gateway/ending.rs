//! The end of a gateway as its clients see it: nothing that was sent to it goes unanswered.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bytes::post;
use super::desk::{Desk, question};
use crate::scratch::signal;

/// Reads one answer that says how long it is, and answers its head.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    head
}

#[tokio::test]
async fn a_request_that_comes_over_an_open_connection_is_answered_as_its_last() {
    let mut desk = Desk::open().await;
    let request = post("/v1/chat/completions", &question().to_string());
    let request = request
        .replace("connection: close\r\n", "")
        .replace("Connection: close\r\n", "");
    let mut busy = desk.gateway.connect().await;
    busy.write_all(request.as_bytes()).await.unwrap();
    let head = one_answer(&mut busy).await;
    assert!(
        head.starts_with("http/1.1 200") && !head.contains("connection: close"),
        "{head}"
    );
    // Connected, and not let in before the signal is dealt with, as far as that can be had.
    let mut early = desk.gateway.connect().await;
    signal(&desk.gateway.child, "TERM");
    early.write_all(request.as_bytes()).await.unwrap();
    while desk.scratch.home().join("run/gateway.json").exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    busy.write_all(request.as_bytes()).await.unwrap();
    for stream in [&mut busy, &mut early] {
        let head = one_answer(stream).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "it is closed");
    }
    assert_eq!(desk.gateway.child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn told_twice_it_ends_at_once() {
    let mut desk = Desk::with(evergrant_sandbox::Config {
        chunks: 10_000,
        gap_ms: 2_000,
        ..evergrant_sandbox::Config::default()
    })
    .await;
    let mut stream = desk.gateway.connect().await;
    let request = post("/v1/chat/completions", &super::desk::streamed().to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.read_u8().await.unwrap();
    signal(&desk.gateway.child, "TERM");
    while desk.scratch.home().join("run/gateway.json").exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let running = tokio::time::timeout(Duration::from_millis(1_500), desk.gateway.child.wait()).await;
    assert!(running.is_err(), "the stream is let go on");
    signal(&desk.gateway.child, "TERM");
    let ended = tokio::time::timeout(Duration::from_secs(5), desk.gateway.child.wait()).await;
    assert_eq!(ended.expect("at once").unwrap().code(), Some(0));
}
