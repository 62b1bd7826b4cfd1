//! The world of the model: small, so that millions of them can be remembered.

use super::process::Process;
use super::provider::Provider;
use super::scope::{Budget, Scope};
use super::store::{JournalFile, Store};

/// Seconds since the beginning.
pub(super) type Secs = u16;

/// A refresh token together with the access token that came with it.
pub(super) type Pair = u8;

/// Everything there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) now: Secs,
    pub(super) store: Store,
    pub(super) journal: Option<JournalFile>,
    pub(super) provider: Provider,
    pub(super) processes: [Process; PROCESSES],
    /// Requests whose senders do not listen any more; each may still arrive.
    pub(super) adrift: [Option<Pair>; ADRIFT],
    /// How many renewals have begun; each is an attempt of its own.
    pub(super) attempts: u8,
    /// What is left of each misfortune.
    pub(super) left: Budget,
    pub(super) history: History,
}

/// What must be remembered of the past to judge the present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct History {
    /// How often each pair's refresh token left while its access token was usable.
    pub(super) sends: [u8; PAIRS],
    /// When it left first.
    pub(super) first: [Secs; PAIRS],
    /// Whose sender was cut off between its first byte and its journal.
    pub(super) cut_off: u8,
    /// Which pairs were read by someone, and are neither saved nor given up rightly.
    pub(super) received: u8,
}

impl World {
    /// A grant that was just logged in, known to everyone, and nobody does anything.
    pub(super) fn at_first(scope: &Scope) -> Self {
        let mut processes = [Process::absent(); PROCESSES];
        processes[..scope.processes].fill(Process::at_first());
        Self {
            now: 0,
            store: Store::at_first(),
            journal: None,
            provider: Provider::at_first(),
            processes,
            adrift: [None; ADRIFT],
            attempts: 0,
            left: scope.budget,
            history: History::default(),
        }
        .canonical()
    }

    /// Whether the access token of the pair in the store can still be used.
    pub(super) fn is_usable(&self, scope: &Scope) -> bool {
        self.store.material.is_some_and(|material| {
            self.now < material.obtained + scope.life && !self.provider.is_revoked(material.pair)
        })
    }

    /// Whether someone holds the lock.
    pub(super) fn is_locked(&self) -> bool {
        self.flights().any(|flight| flight.locked)
    }

    /// The renewals under way.
    pub(super) fn flights(&self) -> impl Iterator<Item = &super::process::Flight> {
        self.processes.iter().filter_map(|process| process.flight.as_ref())
    }

    /// Leaves a request to the network.
    pub(super) fn set_adrift(&mut self, pair: Pair) {
        if let Some(free) = self.adrift.iter_mut().find(|place| place.is_none()) {
            *free = Some(pair);
        }
        self.adrift.sort_unstable();
    }

    /// Which process is which does not matter.
    pub(super) fn canonical(mut self) -> Self {
        self.processes.sort_unstable();
        self
    }
}

/// Three processes: one that acts, one that races it, one that comes later.
pub(super) const PROCESSES: usize = 3;

/// As many pairs as the starts and logins of the largest scope can mint.
pub(super) const PAIRS: usize = 8;

/// As many requests as the breaks and crashes of the largest scope can set adrift.
const ADRIFT: usize = 4;
