//! Line a: many processes with many tasks find one token stale; one request is sent, and nobody is refused.

use std::time::Duration;

use anyhow::Result;
use evergrant_sandbox::{Config, Order, Sandbox};

use crate::crew::Crew;
use crate::home::Home;
use crate::report::Report;
use crate::run::Run;
use crate::typed::Deed;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let mut report = Report::default();
    let (runs, mut random) = (run.rounds(5, 200), run.random(0));
    let (mut requests_most, mut good, mut worst_ms) = (0, 0, 0);
    for number in 0..runs {
        let latency = LATENCY_MIN + random.moment(LATENCY_SPREAD);
        let seen = storm(latency).await?;
        report.equal(&format!("run {number}: refresh requests"), &seen.requests, &1);
        report.equal(&format!("run {number}: reuses"), &seen.reuses, &0);
        report.check(seen.errors.is_empty(), || {
            format!("run {number}: {}", seen.errors.join("; "))
        });
        requests_most = requests_most.max(seen.requests);
        good += seen.good;
        worst_ms = worst_ms.max(seen.over_latency_ms);
    }
    report.figure("runs", runs);
    report.figure("processes", PROCESSES);
    report.figure("tasks each", TASKS);
    report.figure("good tokens", good);
    report.figure("most requests in a run", requests_most);
    report.figure("worst wait beyond the server's latency", format!("{worst_ms} ms"));
    if run.full {
        report.check(worst_ms <= WAIT_MAX_MS, || {
            format!("a task waited {worst_ms} ms beyond the server's latency")
        });
    }
    Ok(report)
}

/// What one storm left.
struct Seen {
    requests: u64,
    reuses: u64,
    good: u64,
    errors: Vec<String>,
    over_latency_ms: u64,
}

async fn storm(latency: Duration) -> Result<Seen> {
    let sandbox = Sandbox::start(Config {
        access_token_lifetime_secs: 1,
        ..Config::default()
    })
    .await?;
    let home = Home::logged_in(&sandbox).await?;
    let control = sandbox.control();
    control.reconfigure(|config| config.access_token_lifetime_secs = 3600);
    let delay_ms = u64::try_from(latency.as_millis())?;
    control.arm(Order::new("answer-slow").with("delay_ms", delay_ms))?;
    let lapsed = tokio::time::Instant::now() + Duration::from_secs(1);

    let mut crew = Crew::hire(&home, PROCESSES, TASKS, Deed::Token).await?;
    tokio::time::sleep_until(lapsed).await;
    let outcomes = crew.go().await?;
    crew.dismiss().await?;

    let counters = control.counters();
    let worst_ms = outcomes.iter().map(|outcome| outcome.worst_ms).max().unwrap_or(0);
    Ok(Seen {
        requests: counters.refreshes,
        reuses: counters.refresh_reuses,
        good: outcomes.iter().map(|outcome| outcome.good).sum(),
        errors: outcomes
            .iter()
            .flat_map(|outcome| &outcome.bad)
            .map(|(why, times)| format!("{times} x {why}"))
            .collect(),
        over_latency_ms: worst_ms.saturating_sub(delay_ms),
    })
}

/// As many processes as issue and probe had.
const PROCESSES: usize = 128;

/// As many tasks in each.
const TASKS: usize = 64;

/// A token endpoint near by ...
const LATENCY_MIN: Duration = Duration::from_millis(50);

/// ... or further away.
const LATENCY_SPREAD: Duration = Duration::from_millis(250);

/// 750 ms beyond the server's latency, on an idle machine with 2 cores.
const WAIT_MAX_MS: u64 = 750;
