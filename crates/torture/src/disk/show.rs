//! Plays every fault, many at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::fault::{Errno, Fault, Library};
use super::scene::{Deed, Trouble, play};
use super::stays;
use crate::report::Report;
use crate::run::Run;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let mut report = Report::default();
    let library = Arc::new(Library::build()?);
    let plays = plays(run);
    report.figure("plays", plays.len());
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for (deed, trouble) in plays {
        let (run, library, turns) = (run.clone(), Arc::clone(&library), Arc::clone(&turns));
        playing.spawn(async move {
            let _turn = turns.acquire().await?;
            let mut part = Report::default();
            let came = play(&run, &library, deed, trouble, &mut part).await?;
            anyhow::Ok((deed, came, part))
        });
    }
    let mut staying = JoinSet::new();
    for errno in Errno::ALL {
        let (run, library) = (run.clone(), Arc::clone(&library));
        staying.spawn(async move {
            let mut part = Report::default();
            stays::play(&run, &library, errno, &mut part).await?;
            anyhow::Ok(part)
        });
    }
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    while let Some(played) = playing.join_next().await {
        let (deed, came, part) = played.context("a play ended")??;
        *counts.entry(format!("{deed:?} {came:?}")).or_default() += 1;
        report.take(part);
    }
    while let Some(stayed) = staying.join_next().await {
        report.take(stayed.context("a gateway ended")??);
        *counts.entry("gateways".to_owned()).or_default() += 1;
    }
    for (name, count) in counts {
        report.figure(&name.to_lowercase(), count);
    }
    Ok(report)
}

fn plays(run: &Run) -> Vec<(Deed, Trouble)> {
    let mut plays = Vec::new();
    for (place, errno) in Errno::ALL.into_iter().enumerate() {
        for (deed, changes) in CHANGES {
            for nth in 1..=changes {
                for lasting in [true, false] {
                    // The short form has every change of a renewal on a disk that is full from there on, and on one that
                    // fails once, and a spread of the rest.
                    let every =
                        deed == Deed::Renew && matches!((errno, lasting), (Errno::Full, true) | (Errno::Broken, false));
                    let mine = nth as usize % SPREAD == place * 2 + usize::from(lasting);
                    if run.full || every || mine {
                        plays.push((deed, Trouble::Error(Fault { errno, nth, lasting })));
                    }
                }
            }
        }
    }
    for bytes in LIMITS {
        for deed in [Deed::Renew, Deed::Token, Deed::Die, Deed::LogIn, Deed::LogInBeside] {
            plays.push((deed, Trouble::Limit(bytes)));
        }
    }
    // Those that wait for their disk first, so that the end is not spent on them.
    plays.sort_by_key(|(_, trouble)| !matches!(trouble, Trouble::Error(Fault { lasting: true, .. })));
    plays
}

/// How many changes each command makes, and a few more.
const CHANGES: [(Deed, u32); 5] = [
    (Deed::Renew, 56),
    (Deed::Token, 56),
    (Deed::Die, 50),
    (Deed::LogIn, 60),
    (Deed::LogInBeside, 40),
];

/// One in eleven of the rest in the short form, others for each error.
const SPREAD: usize = 11;

/// From a single byte to what a database without its log, and then one with it, needs.
const LIMITS: [u64; 8] = [1, 4_096, 20_000, 33_000, 40_000, 65_536, 70_000, 131_072];

/// 32 at once: those on a disk that stays broken mostly wait.
const AT_ONCE: usize = 32;
