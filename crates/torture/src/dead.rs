//! Line j: the provider has ended the grant; it is told so once, and never asked again by whoever starts how often.

use std::time::Duration;

use anyhow::{Context as _, Result};
use evergrant_sandbox::{Config, Sandbox};
use tokio::task::JoinSet;

use crate::home::{Home, PROVIDER};
use crate::report::Report;
use crate::run::Run;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let mut report = Report::default();
    let sandbox = Sandbox::start(Config {
        access_token_lifetime_secs: 1,
        ..Config::default()
    })
    .await?;
    let home = std::sync::Arc::new(Home::logged_in(&sandbox).await?);
    let control = sandbox.control();
    control.revoke_logins(None);
    tokio::time::sleep(Duration::from_millis(1_100)).await;

    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let (home, run, control) = (std::sync::Arc::clone(&home), run.clone(), control.clone());
        lanes.spawn(async move {
            let mut ends = Vec::with_capacity(RESTARTS);
            for _ in 0..RESTARTS {
                let exchange = home.run(&run, &["token", PROVIDER, "--json"]).await?;
                ends.push((exchange.exit, exchange.code()));
                if control.counters().refreshes > 1 {
                    // One request too many says it all.
                    break;
                }
            }
            anyhow::Ok(ends)
        });
    }
    let mut starts = 0;
    while let Some(lane) = lanes.join_next().await {
        for (exit, code) in lane.context("a lane ended")?? {
            starts += 1;
            report.check(exit == Some(3) && code.as_deref() == Some("grant-dead"), || {
                format!("start {starts}: exit {exit:?}, code {code:?}")
            });
        }
    }
    let counters = control.counters();
    report.equal("refresh requests", &counters.refreshes, &1);
    let credential = home.credential(run).await?;
    report.equal("health", &credential["health"].as_str(), &Some("quarantined"));
    report.figure("processes at once", LANES);
    report.figure("starts", starts);
    report.figure("refresh requests", counters.refreshes);
    Ok(report)
}

/// As many processes at once ...
const LANES: usize = 16;

/// ... each started as often, as the issue has.
const RESTARTS: usize = 100;
