//! The lines that can be shown, by name.

use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::burst;
use crate::cancel;
use crate::clocks;
use crate::dead;
use crate::disk;
use crate::endpoint;
use crate::exposure;
use crate::kill;
use crate::logout;
use crate::outage;
use crate::report::Report;
use crate::run::Run;
use crate::soak;
use crate::stop;
use crate::storm;
use crate::typed::Shown;

/// A line of the promise that no grant is ever lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Line {
    /// a: many processes with many tasks find one token stale.
    Storm,
    /// b: many processes are refused in the same second.
    Burst,
    /// c: processes killed at each point of a renewal, at a provider without a grace.
    Kill,
    /// d: the same at a provider with a grace.
    Grace,
    /// p: how long an answer that was read is in memory only.
    Exposure,
    /// e: whoever asked for a renewal leaves in the middle of it.
    Cancel,
    /// f: whoever renews is stopped for 30 s at each step.
    Stop,
    /// n: half an hour of chaos.
    Soak,
    /// j: a dead grant, asked for again and again by many processes.
    Dead,
    /// g: clocks that are stepped, frozen, that drift or begin anew.
    Clocks,
    /// k: a token endpoint that is out of order for minutes.
    Outage,
    /// l: a logout races a renewal, again and again.
    Logout,
    /// i: every answer of a token endpoint, as the golden table has it.
    Endpoint,
    /// h: a disk that fails at every write.
    Disk,
}

/// Shows the lines one after the other; whether all of them held.
pub(crate) fn show(shown: Shown) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let run = Run::new(&shown)?;
    let mut held = true;
    for line in shown.lines {
        let began = Instant::now();
        let report = runtime.block_on(line.report(&run))?;
        report.print(&format!("{line:?}").to_lowercase(), run.seed, began.elapsed());
        held &= report.held();
    }
    Ok(held)
}

impl Line {
    async fn report(self, run: &Run) -> Result<Report> {
        match self {
            Self::Storm => storm::show(run).await,
            Self::Burst => burst::show(run).await,
            Self::Kill => kill::show(run).await,
            Self::Grace => kill::show_grace(run).await,
            Self::Exposure => exposure::show(run).await,
            Self::Cancel => cancel::show(run).await,
            Self::Stop => stop::show(run).await,
            Self::Soak => soak::show(run).await,
            Self::Dead => dead::show(run).await,
            Self::Clocks => clocks::show(run).await,
            Self::Outage => outage::show(run).await,
            Self::Logout => logout::show(run).await,
            Self::Endpoint => endpoint::show(run).await,
            Self::Disk => disk::show(run).await,
        }
    }
}
