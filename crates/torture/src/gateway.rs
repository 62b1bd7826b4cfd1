//! A running gateway of a home, and requests that are sent through it.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use evergrant_sandbox::client::HttpClient;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use crate::home::Home;
use crate::process::{self, Signal};
use crate::run::Run;

/// `evergrant serve`; it ends with this.
#[derive(Debug)]
pub(crate) struct Gateway {
    address: String,
    child: Child,
}

impl Gateway {
    /// Starts it on a free port and waits until it listens; its log goes beside the home.
    pub(crate) async fn start(home: &Home, run: &Run) -> Result<Self> {
        let log = std::fs::File::create(home.path().with_extension("log"))?;
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--json"];
        let mut child = home.evergrant(run, &arguments).stderr(Stdio::from(log)).spawn()?;
        let stdout = child.stdout.take().context("a gateway without stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START_MAX, lines.next_line())
            .await
            .context("a gateway hangs")??;
        let event: Value = serde_json::from_str(&line.context("a gateway that ended")?)?;
        let address = event["address"].as_str().context("a gateway without an address")?;
        Ok(Self {
            address: address.trim_start_matches("http://").to_owned(),
            child,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Tells it to end, and waits until it has.
    pub(crate) async fn end(mut self, signal: Signal) -> Result<()> {
        process::signal(&self.child, signal)?;
        let ended = tokio::time::timeout(END_MAX, self.child.wait()).await;
        let status = ended.context("a gateway that does not end")??;
        ensure!(status.success(), "a gateway that ended with {status}");
        Ok(())
    }

    /// Sends a chat request, and waits as long as an agent does; why it failed, if it did.
    pub(crate) async fn ask(&self) -> Result<(), String> {
        let url = format!("http://{}/v1/chat/completions", self.address);
        let chat = json!({"model": "grok-4.3", "messages": [{"role": "user", "content": "hello"}]});
        let reply = HttpClient::new().timeout(AGENT_PATIENCE).post_json(&url, &chat).await;
        match reply {
            Ok(reply) if reply.status == 200 => Ok(()),
            Ok(reply) => Err(format!("{}: {}", reply.status, shortened(&reply.text()))),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// 60 s: a dozen that start at once on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// 30 s: what agents wait for the first byte; a gateway answers within 25 s whatever a renewal does.
const AGENT_PATIENCE: Duration = Duration::from_secs(30);

/// Enough to see which error it is.
const SHOWN: usize = 300;

/// 30 s: longer than a drain.
const END_MAX: Duration = Duration::from_secs(30);
