//! `demo`: shows the promises kept against a provider that breaks, without account and without internet.

use std::time::Duration;

use clap::Args;
use evergrant_driver::Failure;
use serde::Serialize;

use super::colours;
use super::console::{Console, visible};
use super::exit::Exit;
use super::interrupts::Interrupts;
use super::json::RemedyShape;
use super::online;
use crate::demo::{Client, Ended, Provider, Status, Step, play};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {}

#[derive(Serialize)]
struct StepShape<'a> {
    event: &'static str,
    step: &'static str,
    title: &'static str,
    ok: bool,
    client: Option<ClientShape<'a>>,
    provider: ProviderShape,
    status: Option<StatusShape>,
    differs: &'a [String],
    took_ms: u64,
}

#[derive(Serialize)]
struct ClientShape<'a> {
    status: u16,
    streamed: bool,
    repaired: &'a [String],
}

#[derive(Serialize)]
struct ProviderShape {
    logins: u64,
    refreshes: u64,
    requests: u64,
    accepted: u64,
}

#[derive(Serialize)]
struct StatusShape {
    health: &'static str,
    verdict: Option<&'static str>,
    remedy: Option<RemedyShape>,
}

#[derive(Serialize)]
struct EndedShape {
    event: &'static str,
    ok: bool,
    steps: usize,
    failed: usize,
    took_ms: u64,
}

/// Plays it; exit 0 only if every step held, and in time.
///
/// # Errors
/// A stage that cannot be set; `interrupted`.
pub(crate) fn run(_: &Typed, console: &Console) -> Result<Exit, Failure> {
    online::run(async {
        let stop = async {
            Interrupts::new().next().await;
        };
        if !console.json() {
            let heading = row("STEP", "CLIENT SAW", "PROVIDER SAW", "STATUS SAYS");
            console.line(&console.paint(colours::HEADING, &format!("    {heading}")))?;
        }
        let ended = play(stop, |step| tell(step, console)).await?;
        let held = ended.failed == 0 && ended.took < IN_TIME;
        conclude(ended, held, console)?;
        Ok(if held { Exit::DONE } else { Exit::FAULT })
    })
}

fn tell(step: &Step, console: &Console) -> Result<(), Failure> {
    if console.json() {
        return console.document(&StepShape::from(step));
    }
    let word = if step.held() {
        console.paint(colours::GOOD, "ok")
    } else {
        console.paint(colours::BAD, "no")
    };
    let client = step.client.as_ref().map(client_words).unwrap_or_default();
    let (provider, status) = (provider_words(&step.provider), step.status.as_ref().map(status_words));
    let line = row(step.title, &client, &provider, &status.unwrap_or_default());
    console.line(&format!("{word}  {line}"))?;
    for difference in &step.differs {
        let difference = console.paint(colours::BAD, &visible(difference));
        console.line(&format!("    {difference}"))?;
    }
    Ok(())
}

fn row(step: &str, client: &str, provider: &str, status: &str) -> String {
    let text = format!("{step:<STEP$}  {client:<CLIENT$}  {provider:<PROVIDER$}  {status}");
    text.trim_end().to_owned()
}

fn client_words(client: &Client) -> String {
    let form = if client.streamed { " streamed" } else { "" };
    match client.repaired.as_slice() {
        [] => format!("{}{form}", client.status),
        repaired => format!("{}{form}, repaired: {}", client.status, repaired.join(", ")),
    }
}

fn provider_words(provider: &Provider) -> String {
    let count = |number: u64, one: &str, several: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {several}"),
    };
    let seen = match provider.logins {
        0 => count(provider.requests, "request", "requests"),
        logins => count(logins, "login", "logins"),
    };
    format!("{seen}, {}", count(provider.refreshes, "refresh", "refreshes"))
}

fn status_words(status: &Status) -> String {
    let help = status.remedy.as_ref().map(|remedy| {
        let kind = remedy.kind();
        remedy
            .command()
            .map_or_else(|| kind.to_owned(), |command| format!("`{command}`"))
    });
    match help {
        Some(help) => format!("{}, remedy: {}", status.health, visible(&help)),
        None => status.health.to_owned(),
    }
}

fn conclude(ended: Ended, held: bool, console: &Console) -> Result<(), Failure> {
    if console.json() {
        return console.document(&EndedShape {
            event: "done",
            ok: held,
            steps: ended.steps,
            failed: ended.failed,
            took_ms: millis(ended.took),
        });
    }
    let took = format!("{:.1} s", ended.took.as_secs_f64());
    console.line(&if held {
        format!("every step held: {} steps in {took}", ended.steps)
    } else if ended.failed > 0 {
        format!("{} of {} steps did not hold", ended.failed, ended.steps)
    } else {
        format!(
            "every step held, but it took {took}, and {} s are promised",
            IN_TIME.as_secs()
        )
    })
}

impl<'a> From<&'a Step> for StepShape<'a> {
    fn from(step: &'a Step) -> Self {
        Self {
            event: "step",
            step: step.name,
            title: step.title,
            ok: step.held(),
            client: step.client.as_ref().map(|client| ClientShape {
                status: client.status,
                streamed: client.streamed,
                repaired: &client.repaired,
            }),
            provider: ProviderShape {
                logins: step.provider.logins,
                refreshes: step.provider.refreshes,
                requests: step.provider.requests,
                accepted: step.provider.accepted,
            },
            status: step.status.as_ref().map(|status| StatusShape {
                health: status.health,
                verdict: status.verdict,
                remedy: status.remedy.as_ref().map(RemedyShape::from),
            }),
            differs: &step.differs,
            took_ms: millis(step.took),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// 20 s, as the public contract promises.
const IN_TIME: Duration = Duration::from_secs(20);

/// The longest step, so that what was seen stands in one column.
const STEP: usize = 47;

/// The longest of what the client sees.
const CLIENT: usize = 31;

/// The longest of what the provider sees.
const PROVIDER: usize = 23;

const EXAMPLES: &str = "\
Examples:
  evergrant demo
  evergrant demo --json        one event a line, for scripts

Everything runs on loopback in a temporary home, which is removed at the end.";
