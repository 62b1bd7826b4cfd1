//! One of many processes that use one home as a library: at each `go` its tasks begin at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use evergrant_driver::client::{Body, Call, Route};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure, Target};
use http::{Method, Request};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::JoinSet;

use crate::home::{PROVIDER, said};
use crate::typed::{Deed, Work};

/// What came of the tasks of one `go`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// How many succeeded.
    pub(crate) good: u64,
    /// How many failed, by the failure's code and message.
    pub(crate) bad: BTreeMap<String, u64>,
    /// The longest wait of a task, in milliseconds.
    pub(crate) worst_ms: u64,
    /// The generations that were seen.
    pub(crate) generations: BTreeMap<u64, u64>,
}

/// Opens the home, says `ready`, and works until stdin ends.
pub(crate) fn work(work: Work) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(async {
        let settings = Settings::load(Some(work.home.clone()), []).map_err(said)?;
        let driver = Driver::open(settings).map_err(said)?;
        say("ready");
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while lines.next_line().await?.is_some() {
            let outcome = all(&driver, &work).await;
            say(&serde_json::to_string(&outcome)?);
        }
        driver.land().await;
        Ok(())
    })
}

async fn all(driver: &Driver, work: &Work) -> Outcome {
    let mut tasks = JoinSet::new();
    let deed = work.deed;
    let driver = Arc::new(driver.clone());
    for _ in 0..work.tasks {
        let driver = Arc::clone(&driver);
        tasks.spawn(async move {
            let began = Instant::now();
            (one(&driver, deed).await, began.elapsed())
        });
    }
    let mut outcome = Outcome::default();
    while let Some(ended) = tasks.join_next().await {
        let Ok((done, took)) = ended else {
            *outcome.bad.entry("a task panicked".to_owned()).or_default() += 1;
            continue;
        };
        outcome.worst_ms = outcome
            .worst_ms
            .max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        match done {
            Ok(()) => outcome.good += 1,
            Err(why) => *outcome.bad.entry(why).or_default() += 1,
        }
    }
    for account in driver.accounts() {
        *outcome.generations.entry(account.generation.0).or_default() += 1;
    }
    outcome
}

async fn one(driver: &Driver, deed: Deed) -> Result<(), String> {
    match deed {
        Deed::Token => {
            let target = Target {
                provider: PROVIDER.into(),
                label: None,
            };
            let token = driver.token(&target, Duration::ZERO).await;
            token.map(drop).map_err(|failure| told(&failure))
        }
        Deed::Refresh => {
            let account = driver.accounts().into_iter().next().ok_or("no credential")?;
            let renewed = driver.refresh(account.id.as_str()).await;
            renewed.map(drop).map_err(|failure| told(&failure))
        }
        Deed::Request => ask(driver).await,
    }
}

/// Sends a chat request; why it was not answered well, if it was not.
pub(crate) async fn ask(driver: &Driver) -> Result<(), String> {
    let call = Call {
        request: chat().map_err(|error| error.to_string())?,
        route: Route::Provider(PROVIDER.into()),
        pin: None,
    };
    match driver.send(call).await {
        Ok(answer) if answer.response.status().is_success() => Ok(()),
        Ok(answer) => {
            let (status, trail) = (answer.response.status(), answer.trail);
            let why = answer.refusal.map_or_else(String::new, |refusal| told(&refusal));
            Err(format!(
                "HTTP {status} after {} tries, {:?}: {why}",
                trail.attempts, trail.repaired
            ))
        }
        Err((failure, _)) => Err(told(&failure)),
    }
}

fn chat() -> Result<Request<Body>, http::Error> {
    Request::builder()
        .method(Method::POST)
        .uri("/chat/completions")
        .header("content-type", "application/json")
        .body(Body::full(Bytes::from_static(CHAT)))
}

fn told(failure: &Failure) -> String {
    format!("{}: {failure}", failure.code.as_str())
}

fn say(line: &str) {
    #[expect(clippy::print_stdout, reason = "a worker speaks to its harness over stdout")]
    {
        println!("{line}");
    }
}

/// The smallest chat request.
const CHAT: &[u8] = br#"{"model":"grok-4.3","messages":[{"role":"user","content":"hello"}]}"#;
