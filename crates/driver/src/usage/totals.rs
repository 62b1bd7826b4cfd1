//! What was used since this process began, for whoever measures it: a few numbers in memory.

use std::sync::atomic::{AtomicU64, Ordering};

use super::told::Tokens;

/// What was used since a process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageTotals {
    /// Requests that a provider has accepted and that could use tokens.
    pub requests: u64,
    /// Those of them whose answer did not tell what was used.
    pub untold: u64,
    /// Tokens in, with those read from a cache.
    pub input: u64,
    /// Tokens out.
    pub output: u64,
    /// Tokens in that were read from a cache.
    pub cached: u64,
}

/// The same while it is counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    requests: AtomicU64,
    untold: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
    cached: AtomicU64,
}

impl Counted {
    pub(super) fn add(&self, tokens: Option<Tokens>) {
        let add = |to: &AtomicU64, count: u64| to.fetch_add(count, Ordering::Relaxed);
        add(&self.requests, 1);
        match tokens {
            None => {
                add(&self.untold, 1);
            }
            Some(tokens) => {
                add(&self.input, tokens.input);
                add(&self.output, tokens.output);
                add(&self.cached, tokens.cached);
            }
        }
    }

    pub(super) fn now(&self) -> UsageTotals {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        UsageTotals {
            requests: read(&self.requests),
            untold: read(&self.untold),
            input: read(&self.input),
            output: read(&self.output),
            cached: read(&self.cached),
        }
    }
}
