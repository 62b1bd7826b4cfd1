//! Shows lines one after the other.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::burst;
use crate::cancel;
use crate::clocks;
use crate::dead;
use crate::disk;
use crate::endpoint;
use crate::exposure;
use crate::kill;
use crate::line::Line;
use crate::logout;
use crate::outage;
use crate::report::Report;
use crate::run::Run;
use crate::soak;
use crate::stop;
use crate::storm;
use crate::typed::Shown;

/// Shows them; whether all of them held.
pub(crate) fn show(shown: Shown) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let run = Run::new(&shown)?;
    let mut held = true;
    for line in shown.lines {
        let began = Instant::now();
        let report = runtime.block_on(report(line, &run))?;
        report.print(&format!("{line:?}").to_lowercase(), run.seed, began.elapsed());
        held &= report.held();
    }
    Ok(held)
}

async fn report(line: Line, run: &Run) -> Result<Report> {
    match line {
        Line::Storm => storm::show(run).await,
        Line::Burst => burst::show(run).await,
        Line::Kill => kill::show(run).await,
        Line::Grace => kill::show_grace(run).await,
        Line::Cancel => cancel::show(run).await,
        Line::Stop => stop::show(run).await,
        Line::Clocks => clocks::show(run).await,
        Line::Disk => disk::show(run).await,
        Line::Endpoint => endpoint::show(run).await,
        Line::Dead => dead::show(run).await,
        Line::Outage => outage::show(run).await,
        Line::Logout => logout::show(run).await,
        Line::Soak => soak::show(run).await,
        Line::Exposure => exposure::show(run).await,
    }
}
