//! Line e: whoever asked for a renewal leaves in the middle of it, in every way there is; no rotation is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::leaver::{Left, Post, Way};
use crate::report::Report;
use crate::run::Run;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let starting = Arc::new(Semaphore::new(STARTING_AT_ONCE));
    let mut posts = JoinSet::new();
    let mut number = 0;
    for (way, homes, share) in SHARES {
        let rounds = run.rounds(share, share * FULL_TIMES / 100);
        for home in 0..homes {
            number += 1;
            let mut random = run.random(number);
            let (run, starting) = (run.clone(), Arc::clone(&starting));
            let mine = rounds / homes + u64::from(home < rounds % homes);
            posts.spawn(async move {
                let turn = starting.acquire_owned().await?;
                let mut post = Post::man(&run, way).await?;
                drop(turn);
                let mut left = Left::default();
                for _ in 0..mine {
                    // A grant that is lost answers in many ways that are none of a round's.
                    if let Err(stopped) = post.round(&mut random, &mut left).await {
                        left.faults.push(format!("a round ended: {stopped:#}"));
                        break;
                    }
                    if left.faults.len() >= FAULTS_EACH {
                        break;
                    }
                }
                if let Err(stopped) = post.close(&mut left).await {
                    left.faults.push(format!("the end: {stopped:#}"));
                }
                anyhow::Ok((way, left))
            });
        }
    }
    let (mut report, mut found) = (Report::default(), BTreeMap::<&str, Left>::new());
    while let Some(ended) = posts.join_next().await {
        let (way, left) = ended.context("a post ended")??;
        for fault in &left.faults {
            report.fault(format!("{}: {fault}", way.name()));
        }
        found.entry(way.name()).or_default().add(left);
    }
    let all = |count: fn(&Left) -> u64| found.values().map(count).sum::<u64>();
    report.figure("left in the middle", all(|left| left.rounds));
    report.figure("of them between rotation and answer", all(|left| left.midway));
    for (name, left) in &found {
        report.figure(name, format!("{}/{}", left.midway, left.rounds));
    }
    report.figure("rotations", all(|left| left.rotations));
    report.figure("reuses", all(|left| left.reuses));
    // A line that never meets what it is about says nothing.
    report.check(all(|left| left.midway) > 0, || {
        "nobody left between rotation and answer".to_owned()
    });
    Ok(report)
}

/// How often in a short run each way is gone, from how many homes.
const SHARES: [(Way, u64, u64); 9] = [
    (Way::Aborted, 1, 60),
    (Way::RuntimeDropped, 1, 60),
    (Way::Disconnected, 6, 60),
    (Way::RefreshTerminated, 1, 20),
    (Way::RefreshInterrupted, 1, 20),
    (Way::TokenTerminated, 2, 20),
    (Way::TokenInterrupted, 2, 20),
    (Way::ServeTerminated, 2, 20),
    (Way::ServeInterrupted, 2, 20),
];

/// 33.34 times the short run's 300 are 10,000; in hundredths, rounded up.
const FULL_TIMES: u64 = 3_334;

/// 2: what is shown twice need not be shown again, and each takes its time.
const FAULTS_EACH: usize = 2;

/// 4: two cores make that many homes and logins at once.
const STARTING_AT_ONCE: usize = 4;
