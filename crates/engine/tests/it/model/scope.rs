//! What one exploration covers: who takes part, how long, and how often each misfortune may happen.

use evergrant_engine::protection::{Protection, stands};

use super::world::Secs;

/// The bounds of one exploration, and the protections that are taken away from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) processes: usize,
    /// The grace that the provider's row knows of.
    pub(super) grace: Secs,
    /// The grace that the provider really gives.
    pub(super) real_grace: Secs,
    /// How long an access token lives.
    pub(super) life: Secs,
    pub(super) budget: Budget,
    pub(super) without: &'static [Protection],
}

/// How often each thing may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    /// Renewals that begin.
    pub(super) starts: u8,
    /// Steps of 3 s: longer than the gap between two sends, shorter than a claim is young.
    pub(super) ticks: u8,
    /// Steps of 30 s: longer than anyone waits for a lock.
    pub(super) leaps: u8,
    /// Processes that die.
    pub(super) crashes: u8,
    /// Exchanges that break off after the first byte, whether the request arrives or not.
    pub(super) breaks: u8,
    /// Connections that do not come about, and requests that are refused for the moment.
    pub(super) refusals: u8,
    /// Locks that are lost by a process that lives.
    pub(super) robberies: u8,
    /// Commits that the disk refuses.
    pub(super) unsaved: u8,
    /// Logouts.
    pub(super) logouts: u8,
    /// Logins.
    pub(super) logins: u8,
}

impl Scope {
    /// Whether the means are watched, and not only the harm that they keep away.
    pub(super) const fn means_count(&self) -> bool {
        self.without.is_empty()
    }

    /// Whether the protection stands in this exploration.
    pub(super) fn stands(&self, protection: Protection) -> bool {
        stands(protection) && !self.without.contains(&protection)
    }
}
