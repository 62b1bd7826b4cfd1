//! Many durations as the few figures that are quoted.

use serde::Serialize;

/// Durations in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    count: usize,
    p50: u64,
    p99: u64,
    max: u64,
}

impl From<Vec<u64>> for Figures {
    fn from(mut durations: Vec<u64>) -> Self {
        durations.sort_unstable();
        let at = |per_cent: usize| {
            let index = durations.len().saturating_sub(1) * per_cent / 100;
            durations.get(index).copied().unwrap_or_default()
        };
        Self {
            count: durations.len(),
            p50: at(50),
            p99: at(99),
            max: at(100),
        }
    }
}
