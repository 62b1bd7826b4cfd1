//! The gateway's life: where it listens, what a client that leaves takes along, and how it ends.

use std::time::Duration;

use evergrant_sandbox::Order;
use evergrant_sandbox::client::HttpClient;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::bytes::post;
use super::desk::{Desk, Serving, question, streamed};
use crate::scratch::{Scratch, sandbox, signal};

#[tokio::test]
async fn a_client_that_leaves_ends_its_request_upstream() {
    let desk = Desk::with(evergrant_sandbox::Config {
        chunks: 1_000,
        gap_ms: 20,
        ..evergrant_sandbox::Config::default()
    })
    .await;
    let mut stream = HttpClient::new()
        .stream(&desk.url("/v1/chat/completions"), &streamed())
        .await
        .unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    while desk.control().counters().streams_disconnected == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(desk.chat().await.status, 200);
}

#[tokio::test]
async fn a_client_that_leaves_does_not_end_a_renewal() {
    let desk = Desk::open().await;
    desk.chat().await;
    desk.control().expire(evergrant_sandbox::Wording::Code);
    desk.control()
        .arm(Order::new("answer-slow").with("delay_ms", 700).times(1))
        .unwrap();
    let mut stream = desk.gateway.connect().await;
    let request = post("/v1/chat/completions", &question().to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    while desk.control().counters().refreshes == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    let reply = desk.chat().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(desk.control().counters().refreshes, 1);
}

#[tokio::test]
async fn it_drains_when_it_is_told_to_end() {
    for name in ["TERM", "INT"] {
        let mut desk = Desk::open().await;
        let written = desk.scratch.home().join("run/gateway.json");
        let announced: Value = serde_json::from_slice(&std::fs::read(&written).unwrap()).unwrap();
        assert_eq!(announced["address"], desk.gateway.address.as_str());
        assert_eq!(announced["pid"], desk.gateway.child.id().unwrap());
        desk.control()
            .arm(Order::new("slow").with("delay_ms", 1_000).times(1))
            .unwrap();
        let url = desk.url("/v1/chat/completions");
        let asked = tokio::spawn(async move { HttpClient::new().post_json(&url, &question()).await });
        while desk.control().counters().scenarios.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let idle = desk.gateway.connect().await;
        signal(&desk.gateway.child, name);
        assert_eq!(asked.await.unwrap().unwrap().status, 200, "what is under way finishes");
        let ended = tokio::time::timeout(Duration::from_secs(10), desk.gateway.child.wait()).await;
        assert_eq!(
            ended.expect("idle connections hold nothing up").unwrap().code(),
            Some(0)
        );
        assert!(!written.exists());
        drop(idle);
    }
}

#[tokio::test]
async fn it_waits_no_longer_than_it_was_told_to() {
    let mut desk = Desk::open().await;
    std::fs::write(desk.scratch.home().join("config.toml"), "[serve]\ndrain_secs = 1\n").unwrap();
    let mut gateway = Serving::start(&desk.scratch, &["--listen", "127.0.0.1:0"]).await;
    desk.control()
        .arm(Order::new("slow").with("delay_ms", 60_000).times(1))
        .unwrap();
    let mut stream = gateway.connect().await;
    let request = post("/v1/chat/completions", &question().to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    while desk.control().counters().scenarios.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let told = std::time::Instant::now();
    signal(&gateway.child, "TERM");
    assert!(gateway.child.wait().await.unwrap().success());
    // Who says goodbye is given 3 s more.
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
    desk.gateway.child.kill().await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let desk = Desk::open().await;
    let again = desk
        .scratch
        .run(&["serve", "--json", "--listen", &desk.gateway.address])
        .await
        .expect(2);
    assert_eq!(again.json()["error"]["code"], "address-in-use", "{again}");
    assert!(again.json()["error"]["remedy"]["command"].is_string(), "{again}");
    let open = desk
        .scratch
        .run(&["serve", "--json", "--listen", "0.0.0.0:0"])
        .await
        .expect(2);
    assert!(
        open.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("client keys"),
        "{open}"
    );
    assert_eq!(desk.chat().await.status, 200);
}

#[tokio::test]
async fn a_unix_socket_serves_and_an_abandoned_one_is_replaced() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let path = scratch.home().join("run/e.sock");
    let listen = format!("unix:{}", path.display());
    for _ in 0..2 {
        let mut gateway = Serving::start(&scratch, &["--listen", &listen]).await;
        assert_eq!(gateway.address, listen);
        let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        let request = post("/v1/chat/completions", &question().to_string()).replacen("localhost", "any", 1);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // Killed, so that the socket's file stays.
        gateway.child.kill().await.unwrap();
        assert!(path.exists());
    }
    let mut gateway = Serving::start(&scratch, &["--listen", &listen]).await;
    signal(&gateway.child, "TERM");
    assert!(gateway.child.wait().await.unwrap().success());
    assert!(!path.exists(), "one that ends by itself leaves nothing behind");
}

#[tokio::test]
async fn an_ipv6_loopback_serves() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let gateway = Serving::start(&scratch, &["--listen", "[::1]:0"]).await;
    assert_eq!(
        gateway
            .status(&post("/v1/chat/completions", &question().to_string()))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn an_upgrade_is_repaired_and_then_carries_bytes_both_ways() {
    let desk = Desk::open().await;
    desk.control().expire(evergrant_sandbox::Wording::Unauthorized);
    let mut stream = desk.gateway.connect().await;
    let request = "GET /v1/realtime?model=grok-4.3 HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    for line in ["upgrade: websocket", "sec-websocket-accept: ", "x-evergrant-repaired: "] {
        assert!(head.contains(line), "{line} in {head}");
    }
    // A masked text frame that says `hi` (RFC 6455 section 5.2), and its echo.
    stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
    for expected in ["session.created", "hi"] {
        let (_, length) = (stream.read_u8().await.unwrap(), stream.read_u8().await.unwrap());
        let mut text = vec![0; usize::from(length)];
        stream.read_exact(&mut text).await.unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(desk.control().counters().refreshes, 1);
}
