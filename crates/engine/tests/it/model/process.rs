//! A process, and what its renewal holds while it flies.

use super::provider::Reply;
use super::store::{Committed, View};
use super::world::{Pair, Secs, World};

/// One process: what it shows, and its renewal if it has one under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Process {
    /// Generation and epoch that it shows.
    pub(super) shown: (u8, u8),
    pub(super) flight: Option<Flight>,
}

impl Process {
    /// One that shows the grant as it was logged in.
    pub(super) const fn at_first() -> Self {
        Self {
            shown: (1, 1),
            flight: None,
        }
    }

    /// One that takes no part.
    pub(super) const fn absent() -> Self {
        Self {
            shown: (0, 0),
            flight: None,
        }
    }
}

/// One renewal under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Flight {
    pub(super) attempt: u8,
    /// The fence that was asked about.
    pub(super) asked: (u8, u8),
    /// The real machine, as a word of the engine's book; `None` once it has decided how to end.
    pub(super) machine: Option<u32>,
    /// What it said to do, as a word of the same book.
    pub(super) action: u32,
    /// How much of that is done.
    pub(super) done: u8,
    /// Until when it pauses.
    pub(super) due: Secs,
    pub(super) locked: bool,
    /// Whether its lock was lost while it lived.
    pub(super) robbed: bool,
    /// What was seen without the lock; kept only where it is believed.
    pub(super) seen: Option<View>,
    /// What was read under the lock.
    pub(super) view: Option<View>,
    /// By the clock of the claim.
    pub(super) claimed: Secs,
    /// The journal's file that is open.
    pub(super) journal: Option<u8>,
    pub(super) answer: Option<(Pair, Secs)>,
    pub(super) committed: Option<Committed>,
    pub(super) line: Line,
}

/// The connection to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Line {
    /// Nothing was written.
    Quiet,
    /// The request is written and may not have arrived.
    Sent(Pair),
    /// The request was taken, its answer is on the way.
    Answered(Reply),
}

impl Flight {
    /// The pair whose outcome would be lost with this process: its first byte has left, and its answer is in no journal.
    pub(super) fn exposed(&self, world: &World) -> Option<Pair> {
        let spent = self.view?.material?.pair;
        match (self.line, self.answer) {
            (Line::Sent(_) | Line::Answered(_), _) => Some(spent),
            (Line::Quiet, Some((pair, _))) if world.history.received & (1 << pair) != 0 => {
                let answer = world.journal.and_then(|journal| journal.answer);
                (answer.is_none_or(|answer| answer.pair != pair) && (self.done == 0 || self.robbed)).then_some(spent)
            }
            (Line::Quiet, _) => None,
        }
    }
}
