//! Numbers as they were at one time, to be shown.

use evergrant_engine::credential::ProviderId;

/// Words, and how often each was met.
pub type Many = Vec<(&'static str, u64)>;

/// What has happened with one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderReading {
    /// Which.
    pub provider: ProviderId,
    /// How its answers were read; those that were met.
    pub verdicts: Vec<Tried>,
    /// How far the requests came that had no answer; those that were met.
    pub unanswered: Vec<Tried>,
    /// What repaired a refusal.
    pub repairs: Many,
    /// What was done where nothing helped: `deliver` the provider's answer, or `fail` with our own.
    pub unrepaired: Many,
    /// How renewals ended.
    pub renewals: Many,
    /// Renewals under way.
    pub renewals_in_flight: u64,
    /// Those of them that wait for a lock which they found held.
    pub waiting_for_lock: u64,
    /// Claims that stood for someone else.
    pub claim_conflicts: u64,
    /// Streams that broke off after the client had begun to read.
    pub broken_streams: u64,
    /// From the first byte of a try to the head of its answer.
    pub latency: HistogramReading,
    /// From the beginning of a renewal to its end.
    pub renewing: HistogramReading,
    /// How long renewals waited for a lock that they found held.
    pub lock_wait: HistogramReading,
}

/// How often something that was tried on a channel ended so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// `inference`, `stream`, `token` or `device`.
    pub channel: &'static str,
    /// A verdict's word, or how far it came: `connect`, `sent`.
    pub end: &'static str,
    /// How often.
    pub count: u64,
}

/// A histogram as it was.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistogramReading {
    /// The upper end of each bucket in seconds, the last one infinite, and how many values fell into it alone.
    pub buckets: Vec<(f64, u64)>,
    /// All values together, in seconds.
    pub sum: f64,
}

impl HistogramReading {
    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}
