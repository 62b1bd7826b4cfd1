//! The files of the home: `config.toml` and `providers.d`.

use evergrant_engine::provider::Origin;

use super::finding::Finding;
use crate::settings::{Examined, Mistake};

/// Every mistake in them, or that there is none.
pub(super) fn findings(examined: &Examined) -> Vec<Finding> {
    let told = examined.mistakes.iter().map(|mistake| match mistake {
        Mistake::Configuration(failure) => Finding::of(CONFIGURATION, failure.clone()),
        Mistake::Row(failure) => Finding::of(PROVIDERS, failure.clone()),
    });
    let mut findings: Vec<Finding> = told.collect();
    let sound = |check: &str| !findings.iter().any(|finding| finding.check == check);
    let (configuration, providers) = (sound(CONFIGURATION), sound(PROVIDERS));
    if providers {
        findings.insert(0, rows(examined));
    }
    if configuration {
        findings.insert(0, file(examined));
    }
    findings
}

fn file(examined: &Examined) -> Finding {
    let path = examined.settings.home.configuration();
    Finding::ok(
        CONFIGURATION,
        if path.exists() {
            format!("{} is in order", path.display())
        } else {
            format!("there is no {}: the defaults hold", path.display())
        },
    )
}

fn rows(examined: &Examined) -> Finding {
    let rows = || examined.settings.table.rows();
    let own = rows().filter(|row| matches!(row.origin, Origin::File(_))).count();
    let message = format!("every row is in order: {}, of which your own: {own}", rows().count());
    Finding::ok(PROVIDERS, message)
}

const CONFIGURATION: &str = "configuration";
const PROVIDERS: &str = "providers";
