//! Line f: whoever renews is stopped at each step for 30 s, as by a laptop's lid or a debugger, and goes on then.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use evergrant_sandbox::{Config, Running, Sandbox};
use tokio::process::Child;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::exchange::Exchange;
use crate::home::{Home, PROVIDER, accepts};
use crate::process;
use crate::report::Report;
use crate::run::Run;

/// What the others meet while the holder is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Their access token is good: they must not wait.
    Good,
    /// Their access token has lapsed: they need the renewal.
    Lapsed,
    /// It is good, and the lock file is deleted under the holder's hands, so that the claim alone protects the grant.
    Unlocked,
}

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let (mut report, mut scenes) = (Report::default(), JoinSet::new());
    let starting = Arc::new(Semaphore::new(STARTING_AT_ONCE));
    for (course, points) in [
        (Course::Good, &POINTS[..]),
        (Course::Lapsed, &POINTS[..]),
        (Course::Unlocked, &POINTS[LOCKED]),
    ] {
        for point in points {
            let (run, starting) = (run.clone(), Arc::clone(&starting));
            scenes.spawn(async move { scene(&run, course, point, &starting).await });
        }
    }
    let (mut stops, mut sends, mut unknown, mut longest_good, mut longest_typed) =
        (0_u64, 0, 0_u64, Duration::ZERO, Duration::ZERO);
    while let Some(seen) = scenes.join_next().await {
        let seen = seen.context("a scene ended")??;
        stops += 1;
        sends += seen.sends;
        unknown += seen.unknown;
        longest_good = longest_good.max(seen.good_waited);
        longest_typed = longest_typed.max(seen.typed_waited);
        report.take(seen.report);
    }
    report.figure("stops of 30 s", stops);
    report.figure("steps", POINTS.len());
    report.figure("refresh requests", sends);
    report.figure("renewed only after the lapse", unknown);
    report.figure(
        "a caller with a good token waited at most",
        format!("{} ms", longest_good.as_millis()),
    );
    report.figure(
        "the typed error came within",
        format!("{:.1} s", longest_typed.as_secs_f32()),
    );
    Ok(report)
}

/// What one stop left.
#[derive(Debug, Default)]
struct Seen {
    report: Report,
    sends: u64,
    unknown: u64,
    good_waited: Duration,
    typed_waited: Duration,
}

async fn scene(run: &Run, course: Course, point: &str, starting: &Semaphore) -> Result<Seen> {
    let mut seen = Seen::default();
    let turn = starting.acquire().await?;
    let lapsed = course == Course::Lapsed;
    let sandbox = Sandbox::start(Config {
        access_token_lifetime_secs: if lapsed { 1 } else { 3600 },
        ..Config::default()
    })
    .await?;
    let mut home = Home::logged_in(&sandbox).await?;
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 3600);
    if lapsed {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let mut holder = home
        .evergrant(run, &["refresh", "default", "--json"])
        .env("EVERGRANT_FAILPOINT", format!("{point}=stop@1"))
        .spawn()?;
    let at = format!("{course:?} at {point}");
    stopped(&mut holder, &at).await?;
    let until = tokio::time::Instant::now() + STOPPED_FOR;
    if course == Course::Unlocked {
        unlink_locks(&home)?;
    }
    drop(turn);

    meanwhile(run, course, &home, &sandbox, &at, &mut seen).await?;
    tokio::time::sleep_until(until).await;
    process::signal(&holder, process::Signal::CONT)?;
    let end = tokio::time::timeout(END_MAX, holder.wait_with_output()).await;
    let end = Exchange::of(end.with_context(|| format!("{at}: the holder hangs"))??);
    let report = &mut seen.report;
    report.check(matches!(end.exit, Some(0 | 5)), || {
        format!("{at}: the holder ended so: {end:?}")
    });

    let counters = sandbox.control().counters();
    let twice: Vec<_> = counters.refresh_sends.iter().filter(|(_, sends)| **sends > 1).collect();
    report.check(twice.is_empty(), || format!("{at}: sent more than once: {twice:?}"));
    report.equal(&format!("{at}: reuses"), &counters.refresh_reuses, &0);
    report.equal(&format!("{at}: revoked"), &counters.families_revoked, &0);
    seen.sends += counters.refreshes;

    // The grant is alive: it can be used, and renewed once more, at the latest when its access token has lapsed.
    let token = home.run(run, &["token", PROVIDER, "--json"]).await?;
    usable(&sandbox, &token, &at, "afterwards", &mut seen.report).await;
    let mut again = home.run(run, &["refresh", "default", "--json"]).await?;
    if again.code().as_deref() == Some("outcome-unknown") {
        seen.unknown += 1;
        home.set("EVERGRANT_CLOCK_AHEAD_SECS", LAPSED_SECS);
        again = home.run(run, &["refresh", "default", "--json"]).await?;
    }
    seen.report.check(again.exit == Some(0), || {
        format!("{at}: not renewed afterwards: {again:?}")
    });
    seen.report.equal(
        &format!("{at}: reuses in the end"),
        &sandbox.control().counters().refresh_reuses,
        &0,
    );
    Ok(seen)
}

/// The others, while the holder is stopped.
async fn meanwhile(run: &Run, course: Course, home: &Home, sandbox: &Running, at: &str, seen: &mut Seen) -> Result<()> {
    let began = Instant::now();
    let token = home.run(run, &["token", PROVIDER, "--json"]).await?;
    let waited = began.elapsed();
    match course {
        Course::Good | Course::Unlocked => {
            usable(sandbox, &token, at, "meanwhile", &mut seen.report).await;
            seen.report.check(waited < GOOD_WAIT_MAX, || {
                format!("{at}: a caller with a good token waited {waited:?}")
            });
            seen.good_waited = waited;
        }
        // Where the holder has no lock any more, or not yet, the renewal is done by whoever needs it.
        Course::Lapsed if token.exit == Some(0) => usable(sandbox, &token, at, "meanwhile", &mut seen.report).await,
        Course::Lapsed => {
            seen.report.check(
                token.exit == Some(5) && token.code().as_deref() == Some("lock-held"),
                || format!("{at}: not the typed error: {token:?}"),
            );
            seen.report.check(waited < TYPED_WITHIN, || {
                format!("{at}: the typed error came after {waited:?}")
            });
            seen.typed_waited = waited;
            return Ok(());
        }
    }
    // A renewal is asked for by hand: whatever comes of it, the token is not sent a second time.
    let forced = home.run(run, &["refresh", "default", "--json"]).await?;
    let known = ["lock-held", "outcome-unknown"];
    let code = forced.code();
    seen.report.check(
        forced.exit == Some(0) || (forced.exit == Some(5) && code.as_deref().is_some_and(|code| known.contains(&code))),
        || format!("{at}: forced meanwhile: {forced:?}"),
    );
    Ok(())
}

async fn usable(sandbox: &Running, token: &Exchange, at: &str, when: &str, report: &mut Report) {
    let good = match token.access_token() {
        Some(access_token) => accepts(sandbox, &access_token).await,
        None => false,
    };
    report.check(token.exit == Some(0) && good, || {
        format!("{at}: {when} no usable token: {token:?}")
    });
}

/// Waits until the process has stopped itself.
async fn stopped(holder: &mut Child, at: &str) -> Result<()> {
    let until = Instant::now() + STOP_MAX;
    while Instant::now() < until {
        if let Some(ended) = holder.try_wait()? {
            bail!("{at}: the holder ended without passing there: {ended}");
        }
        if process::is_stopped(holder)? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("{at}: the holder did not stop")
}

fn unlink_locks(home: &Home) -> Result<()> {
    for entry in std::fs::read_dir(home.path().join("locks"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "lock") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Every step of a renewal that succeeds.
const POINTS: [&str; 20] = [
    "looked",
    "located",
    "locked",
    "read",
    "connected",
    "claimed",
    "room-kept",
    "marked-sent",
    "cleared",
    "first-byte-written",
    "request-written",
    "answer-begun",
    "answer-read",
    "answer-heard",
    "answer-written",
    "answer-saved",
    "committed",
    "journal-removed",
    "published",
    "unlocked",
];

/// Those at which the holder has the lock, and no transaction of the store: `locked` to `answer-heard`.
const LOCKED: Range<usize> = 2..14;

/// Beyond the hour for which an access token lives here.
const LAPSED_SECS: &str = "4000";

/// 30 s, as the issue asks: longer than a caller's patience and a claim's freshness.
const STOPPED_FOR: Duration = Duration::from_secs(30);

/// 4 homes begin at the same time, so that two cores do not make them late.
const STARTING_AT_ONCE: usize = 4;

/// 20 s for a process to come to its point on a busy machine.
const STOP_MAX: Duration = Duration::from_secs(20);

/// 60 s for a continued process to end: it may still wait for an answer.
const END_MAX: Duration = Duration::from_secs(60);

/// 5 s: starting a process on a busy machine; whoever waited for the holder would wait 25 s.
const GOOD_WAIT_MAX: Duration = Duration::from_secs(5);

/// 25 s, and 3 s for starting and ending a process on a busy machine.
const TYPED_WITHIN: Duration = Duration::from_secs(28);
