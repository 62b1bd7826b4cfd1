//! Plays every row of the golden table, and compares.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use evergrant_driver::clock::{Clock as _, SystemClock};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::row::{Row, Seen, is_prose, table};
use super::scene::Scene;
use super::server::Endpoint;
use crate::report::Report;
use crate::run::Run;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let rows = table(GOLDEN)?;
    let seen = play(&rows).await?;
    let mut report = Report::default();
    for (row, seen) in rows.iter().zip(&seen) {
        report.check(row.wanted == seen.words() || run.bless, || {
            format!("{}\n      is {}\n  wanted {}", row.given, seen.words(), row.wanted)
        });
    }
    let count = |is: fn(&Seen) -> bool| seen.iter().filter(|seen| is(seen)).count();
    report.figure("rows", rows.len());
    report.figure("renewed", count(|seen| seen.generation == "+1"));
    report.figure(
        "not taken",
        count(|seen| seen.claim == "none" && seen.generation == "="),
    );
    report.figure("outcome unknown", count(|seen| seen.claim == "open"));
    report.figure("dead", count(|seen| seen.claim == "dead"));
    if run.bless {
        bless(&seen)?;
        report.figure("written anew", PATH);
    }
    Ok(report)
}

/// Plays all rows at once, as far as they do not need the machine.
async fn play(rows: &[Row]) -> Result<Vec<Seen>> {
    let now = SystemClock::new().now();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for (shard, rows) in rows.chunks(SHARD).enumerate() {
        let mut endpoints = Vec::with_capacity(rows.len());
        for row in rows {
            endpoints.push(Endpoint::start(&row.given).await?);
        }
        let ports: Vec<_> = rows
            .iter()
            .zip(&endpoints)
            .map(|(row, at)| (row.given.clone(), at.port))
            .collect();
        let scene = Arc::new(Scene::make(&ports, &now)?);
        for (number, mut endpoint) in endpoints.into_iter().enumerate() {
            let (scene, turns) = (Arc::clone(&scene), Arc::clone(&turns));
            let is_long = rows[number].given.timing.is_long();
            playing.spawn(async move {
                let turn = if is_long { None } else { Some(turns.acquire().await?) };
                let seen = scene.play(number, &mut endpoint).await;
                drop(turn);
                anyhow::Ok((shard * SHARD + number, seen?))
            });
        }
    }
    let mut seen: Vec<Option<Seen>> = vec![None; rows.len()];
    while let Some(played) = playing.join_next().await {
        let (number, one) = played.context("a row ended")??;
        seen[number] = Some(one);
    }
    seen.into_iter().collect::<Option<_>>().context("a row was not played")
}

/// Writes the table anew, its prose as it was.
fn bless(seen: &[Seen]) -> Result<()> {
    let (mut seen, mut text) = (seen.iter(), String::new());
    let mut rows = table(GOLDEN)?.into_iter();
    for line in GOLDEN.lines() {
        if is_prose(line) {
            writeln!(text, "{line}")?;
            continue;
        }
        let (row, seen) = (rows.next().context("a row")?, seen.next().context("what was seen")?);
        writeln!(text, "{}", format!("{} | {seen}", row.given).trim_end())?;
    }
    Ok(std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH), text)?)
}

const GOLDEN: &str = include_str!("../../golden/token-endpoint.txt");

/// Where the table is, from the crate's root.
const PATH: &str = "golden/token-endpoint.txt";

/// 24 rows share a home: each costs it some durable writes, and a claim older than 5 s is not sent.
const SHARD: usize = 24;

/// 12 rows work at once; those that only wait do not count.
const AT_ONCE: usize = 12;
