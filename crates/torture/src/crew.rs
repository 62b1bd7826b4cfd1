//! Many worker processes on one home, which begin at the same word.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::task::JoinSet;

use crate::home::Home;
use crate::process;
use crate::typed::Deed;
use crate::worker::Outcome;

/// Workers that have opened the home and wait for the word.
#[derive(Debug)]
pub(crate) struct Crew(Vec<Hand>);

#[derive(Debug)]
struct Hand {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Crew {
    /// Starts that many processes with that many tasks each, and waits until all are ready.
    pub(crate) async fn hire(home: &Home, processes: usize, tasks: usize, deed: Deed) -> Result<Self> {
        let binary = std::env::current_exe().context("finding this binary")?;
        let (path, tasks) = (home.path(), tasks.to_string());
        let deed = match deed {
            Deed::Token => "token",
            Deed::Request => "request",
            Deed::Refresh => "refresh",
        };
        let path = path.to_string_lossy();
        let arguments = ["worker", "--home", &path, "--tasks", &tasks, "--deed", deed];
        let mut hands = Vec::with_capacity(processes);
        for _ in 0..processes {
            let mut command = home.dressed(&binary, &arguments);
            let mut child = command.stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
            let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
            let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
                bail!("a worker without pipes");
            };
            let stdout = BufReader::new(stdout).lines();
            hands.push(Hand { child, stdin, stdout });
        }
        let mut crew = Self(hands);
        for hand in &mut crew.0 {
            if hand.line().await? != "ready" {
                bail!("a worker that is not ready");
            }
        }
        Ok(crew)
    }

    /// Signals all of them.
    pub(crate) fn signal(&self, signal: process::Signal) -> Result<()> {
        self.0.iter().try_for_each(|hand| process::signal(&hand.child, signal))
    }

    /// Gives the word, and waits for all outcomes.
    pub(crate) async fn go(&mut self) -> Result<Vec<Outcome>> {
        for hand in &mut self.0 {
            hand.stdin.write_all(b"go\n").await?;
        }
        let mut outcomes = Vec::with_capacity(self.0.len());
        for hand in &mut self.0 {
            outcomes.push(serde_json::from_str(&hand.line().await?)?);
        }
        Ok(outcomes)
    }

    /// Ends all of them, however they are.
    pub(crate) async fn end(self) {
        for mut hand in self.0 {
            drop(hand.stdin);
            // Whoever was killed has ended already.
            let _ = hand.child.wait().await;
        }
    }

    /// Lets all of them end by themselves.
    pub(crate) async fn dismiss(self) -> Result<()> {
        let mut ends = JoinSet::new();
        for mut hand in self.0 {
            drop(hand.stdin);
            ends.spawn(async move { hand.child.wait().await });
        }
        while let Some(ended) = ends.join_next().await {
            if !ended??.success() {
                bail!("a worker ended badly");
            }
        }
        Ok(())
    }
}

impl Hand {
    async fn line(&mut self) -> Result<String> {
        let line = tokio::time::timeout(ANSWER_MAX, self.stdout.next_line()).await;
        line.context("a worker hangs")??.context("a worker ended")
    }
}

/// 120 s: a hundred processes that start on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(120);
