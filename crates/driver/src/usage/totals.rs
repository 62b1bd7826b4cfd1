//! What was used since this process began, for whoever measures it: a few numbers in memory.

use crate::history::UsageSum;

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

impl From<UsageSum> for UsageTotals {
    fn from(sum: UsageSum) -> Self {
        Self {
            requests: sum.requests,
            untold: sum.untold,
            input: sum.input,
            output: sum.output,
            cached: sum.cached,
        }
    }
}
