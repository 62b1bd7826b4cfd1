//! Line b: many processes are refused in the same second, first with 401, then with 403; one renewal mends each.

use anyhow::Result;
use evergrant_sandbox::{Config, Sandbox, Wording};

use crate::crew::Crew;
use crate::home::Home;
use crate::report::Report;
use crate::run::Run;
use crate::typed::Deed;

pub(crate) async fn show(run: &Run) -> Result<Report> {
    let mut report = Report::default();
    let rounds = run.rounds(1, 50);
    let sandbox = Sandbox::start(Config::default()).await?;
    let home = Home::logged_in(&sandbox).await?;
    let control = sandbox.control();
    let mut crew = Crew::hire(&home, PROCESSES, 1, Deed::Request).await?;
    let (mut good, mut worst_ms) = (0, 0);
    for round in 0..rounds {
        for (status, wording) in [(401, Wording::Unauthorized), (403, Wording::Wke)] {
            let before = control.counters();
            control.expire(wording);
            let outcomes = crew.go().await?;
            let after = control.counters();
            let at = format!("round {round}, {status}");
            report.equal(
                &format!("{at}: refresh requests"),
                &(after.refreshes - before.refreshes),
                &1,
            );
            report.equal(&format!("{at}: reuses"), &after.refresh_reuses, &0);
            for outcome in outcomes {
                good += outcome.good;
                worst_ms = worst_ms.max(outcome.worst_ms);
                report.check(outcome.bad.is_empty(), || format!("{at}: {:?}", outcome.bad));
            }
        }
    }
    crew.dismiss().await?;
    report.figure("rounds", rounds);
    report.figure("processes", PROCESSES);
    report.figure("refusals each", "401 and 403");
    report.figure("good answers", good);
    report.figure("refresh requests", control.counters().refreshes);
    report.figure("longest request", format!("{worst_ms} ms"));
    Ok(report)
}

/// As many processes as the issue has.
const PROCESSES: usize = 120;
