//! A gateway that runs, and ways to speak to it: by a client, and by raw bytes.

use std::net::SocketAddr;
use std::time::Duration;

use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Config, Control, Running, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::scratch::Scratch;

/// A home with a grant and a key, and a gateway over it.
pub(crate) struct Desk {
    pub(crate) sandbox: Running,
    pub(crate) scratch: Scratch,
    pub(crate) gateway: Serving,
}

/// A gateway's process.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Desk {
    /// One grant, at a sandbox that behaves.
    pub(crate) async fn open() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let scratch = Scratch::with(&sandbox);
        scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
        let gateway = Serving::start(&scratch, &["--listen", "127.0.0.1:0"]).await;
        Self {
            sandbox,
            scratch,
            gateway,
        }
    }

    pub(crate) fn control(&self) -> Control {
        self.sandbox.control()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.gateway.url(path)
    }

    /// One chat completion by an ordinary client.
    pub(crate) async fn chat(&self) -> evergrant_sandbox::client::Reply {
        let url = self.url("/v1/chat/completions");
        HttpClient::new().post_json(&url, &question()).await.unwrap()
    }
}

impl Serving {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(scratch: &Scratch, options: &[&str]) -> Self {
        let arguments = [&["serve", "--json"], options].concat();
        Self::spawn(scratch.evergrant(&arguments)).await
    }

    pub(crate) async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("a line that says where it listens");
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["event"], "listening", "{line}");
        let address = event["address"].as_str().unwrap().to_owned();
        // Whoever stops reading must not stop the one who writes.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        Self { child, address }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    #[expect(clippy::disallowed_methods, reason = "a client of the gateway's, not a part of it")]
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address.parse::<SocketAddr>().unwrap())
            .await
            .unwrap()
    }

    /// Sends these bytes on a connection of their own and reads until the other side has closed it.
    pub(crate) async fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        // A gateway that refuses may close before all is written.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
        let _ = read.expect("an answer that ends");
        answer
    }

    /// The status of what a raw request is answered with, and its body.
    pub(crate) async fn status(&self, request: &str) -> (u16, String) {
        let answer = String::from_utf8(self.raw(request.as_bytes()).await).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        (status, body.to_owned())
    }
}

/// A question that every surface of the sandbox understands.
pub(crate) fn question() -> Value {
    json!({"model": "grok-4.3", "max_tokens": 64, "input": "hello", "messages": [{"role": "user", "content": "hello"}]})
}

/// The same, to be answered as a stream.
pub(crate) fn streamed() -> Value {
    let mut question = question();
    question["stream"] = json!(true);
    question
}
