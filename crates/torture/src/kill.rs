//! Lines c and d: processes killed at each point of a renewal and at random moments, at a provider without and with a grace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use evergrant_driver::failpoint::Failpoint;
use evergrant_sandbox::Sandbox;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::crash::{Left, Stage, When, crash, stage};
use crate::home::Home;
use crate::report::Report;
use crate::run::Run;

/// Line c: no grace at all.
pub(crate) async fn show(run: &Run) -> Result<Report> {
    shown(run, 0, run.rounds(30, 1_000), run.rounds(60, 20_000)).await
}

/// Line d: a grace of 60 s, and somebody who asks within it; as many kills as line c in the long form, a third of them in the
/// short one: its steps are those of c, which finds what can be lost at them.
pub(crate) async fn show_grace(run: &Run) -> Result<Report> {
    shown(run, GRACE_SECS, run.rounds(10, 1_000), run.rounds(20, 20_000)).await
}

async fn shown(run: &Run, grace_secs: u64, rounds: u64, moments: u64) -> Result<Report> {
    let mut whens = Vec::new();
    for _ in 0..rounds {
        whens.extend(Failpoint::ALL.iter().map(|point| When::At(*point)));
    }
    let span = span(run).await?;
    let mut random = run.random(grace_secs);
    for _ in 0..moments {
        whens.push(When::After(random.moment(span)));
    }

    let lanes = Arc::new(Semaphore::new(run.rounds(LANES.0, LANES.1) as usize));
    let mut crashes = JoinSet::new();
    for when in run.part.share(whens) {
        let (lanes, run) = (Arc::clone(&lanes), run.clone());
        crashes.spawn(async move {
            let _lane = lanes.acquire_owned().await?;
            anyhow::Ok((when, crash(&run, when, grace_secs).await?))
        });
    }
    let mut report = Report::default();
    let mut found = Found::default();
    while let Some(crashed) = crashes.join_next().await {
        let (when, left) = crashed.context("a crash ended")??;
        found.take(when, left, &mut report);
    }
    found.figures(grace_secs, &mut report);
    Ok(report)
}

/// What all of them left together.
#[derive(Default)]
struct Found {
    points: BTreeMap<&'static str, u64>,
    /// By what may be lost there: kills, and grants that were lost.
    stages: BTreeMap<&'static str, (u64, u64)>,
    moments: u64,
    moments_killed: u64,
    moments_rotated: u64,
    moments_lost: u64,
    undecided: u64,
    reuses: u64,
}

impl Found {
    fn take(&mut self, when: When, left: Left, report: &mut Report) {
        let lost = !left.alive;
        let place = match when {
            When::At(point) => {
                *self.points.entry(point.name()).or_default() += 1;
                if let Some(words) = words(stage(point)) {
                    let (kills, losses) = self.stages.entry(words).or_default();
                    *kills += 1;
                    *losses += u64::from(lost);
                }
                point.name().to_owned()
            }
            When::After(moment) => {
                self.moments += 1;
                self.moments_killed += u64::from(left.killed);
                self.moments_rotated += u64::from(left.rotated && left.killed);
                self.moments_lost += u64::from(lost);
                format!("after {moment:?}")
            }
        };
        self.undecided += u64::from(left.undecided);
        self.reuses += left.reuses;
        for fault in left.faults {
            report.fault(format!("{place}: {fault}"));
        }
    }

    fn figures(&self, grace_secs: u64, report: &mut Report) {
        report.figure("grace", format!("{grace_secs} s"));
        report.figure("points", self.points.len());
        report.figure("kills at each", self.points.values().min().copied().unwrap_or(0));
        for (words, (kills, lost)) in &self.stages {
            report.figure(&format!("lost of {kills} killed {words}"), lost);
        }
        let Self {
            moments,
            moments_killed,
            moments_rotated,
            moments_lost,
            ..
        } = self;
        report.figure(
            &format!("lost of {moments} random moments ({moments_killed} killed, {moments_rotated} of them after the rotation)"),
            moments_lost,
        );
        report.figure("outcomes unknown", self.undecided);
        report.figure("reuses at the provider", self.reuses);
    }
}

/// What may be lost there, in words; nothing is lost of a grant that has ended already.
const fn words(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Unsent => Some("before the claim is marked"),
        Stage::Marked => Some("before the request is written"),
        Stage::Exposed => Some("between the request and the journal"),
        Stage::Saved => Some("from the journal's write on"),
        Stage::Dead | Stage::LoggedOut => None,
    }
}

/// How long a renewal takes here and now, from its process's start to its end, and half as long again.
async fn span(run: &Run) -> Result<Duration> {
    let sandbox = Sandbox::start(evergrant_sandbox::Config::default()).await?;
    let home = Home::logged_in(&sandbox).await?;
    let id = home.credential(run).await?["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        let began = Instant::now();
        home.run(run, &["refresh", &id]).await?;
        longest = longest.max(began.elapsed());
    }
    Ok(longest * 3 / 2)
}

/// As the issue has it, and as real providers with a grace do.
const GRACE_SECS: u64 = 60;

/// 8 at once in the short form, which runs beside other lines; 24 in the long one: a killed process waits for its disk, its
/// children and its turn to replay more than it computes, and so many keep two cores busy.
const LANES: (u64, u64) = (8, 24);
