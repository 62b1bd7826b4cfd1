//! Line n: half an hour of many processes, tokens that live for 5 s, and something that goes wrong every second.
//!
//! Two worlds side by side. One provider has no grace for a token that is spent twice: there everything goes wrong but a
//! kill, which between a provider's answer and our disk can cost a login by nature. The other has a grace of a minute:
//! there processes are killed and answers cut as well.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Config, Control, Order, Running, Sandbox, Wording};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::crew::Crew;
use crate::home::Home;
use crate::process::{self, Signal};
use crate::random::Random;
use crate::report::Report;
use crate::run::Run;
use crate::typed::Deed;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let lasting = Duration::from_secs(run.rounds(SHORT_SECS, FULL_SECS));
    let mut worlds = JoinSet::new();
    for grace_secs in [0, 60] {
        let run = run.clone();
        worlds.spawn(async move { world(&run, grace_secs, lasting).await });
    }
    let mut report = Report::default();
    report.figure("soaked for", format!("{} s", lasting.as_secs()));
    report.figure("processes", 2 * PROCESSES);
    while let Some(world) = worlds.join_next().await {
        report.take(world.context("a world ended")??);
    }
    Ok(report)
}

/// What the processes of one world have met.
#[derive(Debug, Default)]
struct Tally {
    good: AtomicU64,
    bad: Mutex<BTreeMap<String, u64>>,
    over: AtomicBool,
}

impl Tally {
    async fn bad(&self, why: &str) {
        *self.bad.lock().await.entry(why.to_owned()).or_default() += 1;
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

async fn world(run: &Run, grace_secs: u64, lasting: Duration) -> Result<Report> {
    let sandbox = Sandbox::start(Config {
        access_token_lifetime_secs: 5,
        reuse_grace_secs: grace_secs,
        ..Config::default()
    })
    .await?;
    let home = Arc::new(Home::logged_in(&sandbox).await?);
    let (mut gateway, address) = gateway(run, &home).await?;
    let (tally, mut tasks) = (Arc::new(Tally::default()), JoinSet::new());
    for number in 0..PROCESSES {
        let (home, tally) = (Arc::clone(&home), Arc::clone(&tally));
        let random = run.random(1_000 * grace_secs + number);
        tasks.spawn(async move { process(&home, grace_secs > 0, random, &tally).await });
    }
    let asked = Arc::clone(&tally);
    tasks.spawn(async move { ask(&address, &asked).await });

    // What a process needs at rest is known after its first tenth.
    let mut chaos = run.random(7 + grace_secs);
    wreck(&sandbox, grace_secs > 0, lasting / 10, &mut chaos).await?;
    let before = process::needs(&gateway)?;
    wreck(&sandbox, grace_secs > 0, lasting - lasting / 10, &mut chaos).await?;
    sandbox.control().disarm_all();
    let after = process::needs(&gateway)?;
    tally.over.store(true, Ordering::Release);
    while let Some(ended) = tasks.join_next().await {
        ended.context("a task of the soak ended")??;
    }
    gateway.kill().await?;
    judge(run, &home, &sandbox, grace_secs, &tally, (before, after)).await
}

async fn judge(
    run: &Run,
    home: &Home,
    sandbox: &Running,
    grace_secs: u64,
    tally: &Tally,
    (before, after): (process::Needs, process::Needs),
) -> Result<Report> {
    let (mut report, counters) = (Report::default(), sandbox.control().counters());
    let bad = tally.bad.lock().await;
    let forced: u64 = bad
        .iter()
        .filter(|(why, _)| FORCED.iter().any(|code| why.contains(code)))
        .map(|(_, times)| times)
        .sum();
    let at = format!("grace {grace_secs} s");
    report.equal(&format!("{at}: revoked"), &counters.families_revoked, &0);
    report.check(forced == 0, || {
        format!("{at}: {forced} times a login was asked for: {bad:?}")
    });
    if grace_secs == 0 {
        report.equal(&format!("{at}: reuses"), &counters.refresh_reuses, &0);
    }
    report.check(after.descriptors <= before.descriptors + DESCRIPTORS_MORE, || {
        format!(
            "{at}: descriptors of the gateway grew from {} to {}",
            before.descriptors, after.descriptors
        )
    });
    report.check(after.resident_kb <= before.resident_kb + RESIDENT_MORE_KB, || {
        format!(
            "{at}: memory of the gateway grew from {} to {} KiB",
            before.resident_kb, after.resident_kb
        )
    });
    let token = home.run(run, &["token", "acme", "--json"]).await?;
    report.check(token.exit == Some(0), || {
        format!("{at}: no token in the end: {token:?}")
    });
    report.figure(
        &at,
        format!(
            "{} good, {} passing failures, {} refreshes, {} reuses, {} revoked, {forced} forced logins, gateway {} to {} KiB and {} to {} descriptors",
            tally.good.load(Ordering::Relaxed),
            bad.values().sum::<u64>() - forced,
            counters.refreshes,
            counters.refresh_reuses,
            counters.families_revoked,
            before.resident_kb,
            after.resident_kb,
            before.descriptors,
            after.descriptors,
        ),
    );
    Ok(report)
}

/// One place in the crowd: a process that works, is stopped, ended or killed, and is started anew.
async fn process(home: &Home, may_be_killed: bool, mut random: Random, tally: &Tally) -> Result<()> {
    while !tally.is_over() {
        let mut crew = Crew::hire(home, 1, 4, Deed::Token).await?;
        let turns = 10 + random.below(60);
        for turn in 0..turns {
            if tally.is_over() {
                break;
            }
            if may_be_killed && turn + 1 == turns {
                let killed = random.moment(Duration::from_millis(300));
                tokio::select! {
                    _ = crew.go() => {}
                    () = tokio::time::sleep(killed) => {}
                }
                crew.signal(Signal::KILL)?;
                break;
            }
            if random.below(20) == 0 {
                crew.signal(Signal::STOP)?;
                tokio::time::sleep(random.moment(Duration::from_secs(3))).await;
                crew.signal(Signal::CONT)?;
            }
            for outcome in crew.go().await? {
                tally.good.fetch_add(outcome.good, Ordering::Relaxed);
                for (why, times) in outcome.bad {
                    for _ in 0..times {
                        tally.bad(&why).await;
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(50) + random.moment(Duration::from_millis(250))).await;
        }
        crew.end().await;
    }
    Ok(())
}

/// Asks the gateway ten times a second.
async fn ask(address: &str, tally: &Tally) -> Result<()> {
    let url = format!("http://{address}/v1/chat/completions");
    let body = serde_json::json!({"model": "grok-4.3", "messages": [{"role": "user", "content": "hello"}]});
    let client = HttpClient::new();
    while !tally.is_over() {
        match client.post_json(&url, &body).await {
            Ok(reply) if reply.status == 200 => {
                tally.good.fetch_add(1, Ordering::Relaxed);
            }
            Ok(reply) => {
                tally
                    .bad(&format!("gateway: HTTP {} {}", reply.status, reply.text()))
                    .await
            }
            Err(error) => tally.bad(&format!("gateway: {error}")).await,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Something else goes wrong every second.
async fn wreck(sandbox: &Running, harsh: bool, lasting: Duration, random: &mut Random) -> Result<()> {
    let (control, until) = (sandbox.control(), tokio::time::Instant::now() + lasting);
    while tokio::time::Instant::now() < until {
        let kinds = if harsh { 7 } else { 6 };
        mishap(&control, random.below(kinds))?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        control.disarm_all();
    }
    Ok(())
}

fn mishap(control: &Control, kind: u64) -> Result<()> {
    match kind {
        0 => control.arm(Order::new("token-503").times(3))?,
        1 => control.arm(Order::new("token-429").times(2))?,
        2 => control.arm(Order::new("answer-slow").with("delay_ms", 700))?,
        3 => control.arm(Order::new("token-slow").with("delay_ms", 700))?,
        4 => drop(control.expire(Wording::Unauthorized)),
        5 => drop(control.expire(Wording::Wke)),
        // The provider has rotated, and its answer never arrives.
        _ => control.arm(Order::new("answer-lost").times(1))?,
    }
    Ok(())
}

/// A gateway of this home, and where it listens.
async fn gateway(run: &Run, home: &Home) -> Result<(Child, String)> {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--json"];
    let mut child = home
        .evergrant(run, &arguments)
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take().context("a gateway without stdout")?;
    let mut lines = BufReader::new(stdout).lines();
    let first = lines.next_line().await?.context("a gateway that says nothing")?;
    let event: serde_json::Value = serde_json::from_str(&first)?;
    let address = event["address"].as_str().context("no address")?.to_owned();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, address))
}

/// The codes of failures that only a login ends.
const FORCED: [&str; 4] = ["needs-login", "grant-dead", "no-credential", "quarantined"];

/// 16 processes in each world, 32 in all.
const PROCESSES: u64 = 16;

/// 40 s show that the harness works ...
const SHORT_SECS: u64 = 40;

/// ... and 30 min that nothing grows.
const FULL_SECS: u64 = 1_800;

/// 16 descriptors: connections of the moment.
const DESCRIPTORS_MORE: u64 = 16;

/// 16 MiB: what an allocator keeps after a busy moment.
const RESIDENT_MORE_KB: u64 = 16 * 1_024;
