//! What an OpenTelemetry collector is told of requests: their steps, in ids and figures, and never a secret.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant_sandbox::{Config, Sandbox, Wording};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::bytes::post;
use super::desk::{Serving, question};
use super::keys::key;
use crate::scratch::{Scratch, signal};

/// A collector that takes whatever it is told.
struct Collector {
    url: String,
    heads: Arc<Mutex<String>>,
    told: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (heads, told) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let (its_heads, its_told) = (Arc::clone(&heads), Arc::clone(&told));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (head, body) = taken(stream).await;
                its_heads.lock().unwrap().push_str(&head);
                its_told.lock().unwrap().extend(body);
            }
        });
        Self { url, heads, told }
    }

    fn heads(&self) -> String {
        self.heads.lock().unwrap().clone()
    }

    /// Whether this text, or these bytes, stand in what was told.
    fn knows(&self, what: &[u8]) -> bool {
        let told = self.told.lock().unwrap();
        told.windows(what.len()).any(|window| window == what)
    }

    async fn hears_of(&self, what: &str) {
        for _ in 0..1_000 {
            if self.knows(what.as_bytes()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what}: {}", String::from_utf8_lossy(&self.told.lock().unwrap()));
    }
}

/// One request, which is answered, and its body.
async fn taken(mut stream: TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    (head, body)
}

/// A gateway that tells this collector, if one.
async fn telling(scratch: &Scratch, collector: Option<&str>) -> Serving {
    let mut command = scratch.evergrant(&["serve", "--json", "--listen", "127.0.0.1:0"]);
    if let Some(url) = collector {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    }
    command
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=wilma")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    Serving::spawn(command).await
}

async fn logged_in() -> (evergrant_sandbox::Running, Scratch) {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let rename = ["rename", "acme/default", "wilma@acme.example"];
    scratch.run(&rename).await.expect(0);
    (sandbox, scratch)
}

#[tokio::test]
async fn a_repaired_request_is_told_with_its_steps_and_without_a_secret() {
    let (sandbox, scratch) = logged_in().await;
    let collector = Collector::open().await;
    let secret = key(&scratch, "laptop", &[]).await;
    let gateway = telling(&scratch, Some(&collector.url)).await;
    let stale = scratch.run(&["token", "acme"]).await.stdout;
    sandbox.control().expire(Wording::Wke);
    let lines = format!(
        "authorization: Bearer {secret}\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nhost:"
    );
    let asked = post("/v1/chat/completions?note=hunter2", &question().to_string()).replacen("host:", &lines, 1);
    assert_eq!(gateway.status(&asked).await.0, 200);
    let accounts = scratch.run(&["list", "--json"]).await.json();
    let credential = accounts["credentials"][0]["id"].as_str().unwrap();
    // The request is told of at its end, and all that belongs to it before.
    for known in [
        "POST chat-completions",
        "attempt",
        "renew",
        "grok-4.3",
        "evergrant.repaired",
        "laptop",
        credential,
        "evergrant.ended",
        "whole",
        "service.name",
    ] {
        collector.hears_of(known).await;
    }
    // It goes on from the trace, and the span, that its client is in.
    let trace = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
    assert!(collector.knows(&trace) && collector.knows(&0xb7ad_6b71_6920_3331_u64.to_be_bytes()));
    let heads = collector.heads();
    assert!(heads.starts_with("post /v1/traces http/1.1\r\n"), "{heads}");
    assert!(heads.contains("content-type: application/x-protobuf\r\n"), "{heads}");
    assert!(heads.contains("x-tenant: wilma\r\n"), "{heads}");
    let fresh = scratch.run(&["token", "acme"]).await.stdout;
    assert_ne!(stale, fresh);
    for never in [
        "hunter2",
        "wilma",
        "Bearer",
        "hello",
        secret.as_str(),
        stale.trim(),
        fresh.trim(),
    ] {
        assert!(!collector.knows(never.as_bytes()), "{never}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_gateway_that_ends_tells_of_its_last_request() {
    let (_sandbox, scratch) = logged_in().await;
    let collector = Collector::open().await;
    let mut command = scratch.evergrant(&["serve", "--json", "--listen", "127.0.0.1:0"]);
    command
        .env(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            format!("{}/elsewhere", collector.url),
        )
        .env("OTEL_BSP_SCHEDULE_DELAY", "3600000");
    let mut gateway = Serving::spawn(command).await;
    assert_eq!(gateway.status(&post("/v1/chat/completions", "{}")).await.0, 400);
    signal(&gateway.child, "TERM");
    assert!(gateway.child.wait().await.unwrap().success());
    assert!(collector.knows(b"model-missing"));
    assert!(
        collector.heads().starts_with("post /elsewhere "),
        "{}",
        collector.heads()
    );
}

#[tokio::test]
async fn a_collector_that_is_not_there_keeps_nobody_waiting_and_without_one_nothing_is_sent() {
    let (_sandbox, scratch) = logged_in().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for collector in [Some(format!("http://{gone}")), None] {
        let gateway = telling(&scratch, collector.as_deref()).await;
        let asked = post("/v1/chat/completions", &question().to_string());
        for _ in 0..20 {
            assert_eq!(gateway.status(&asked).await.0, 200);
        }
    }
    let mut command = scratch.evergrant(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{gone}"))
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let refused = command.output().await.unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
