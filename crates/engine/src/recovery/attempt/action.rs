//! What a request's machine asks for, and what it has to say meanwhile.

use super::note::Note;
use super::state::Attempt;
use crate::credential::{Fence, ProviderId};
use crate::failure::Failure;
use crate::pool::{Lease, Report};
use crate::recovery::renewal::Reason;
use crate::time::Moment;

/// The next step: what to do now, and the machine to tell how it went. Every request moves it about, so that what most have
/// none of lies apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The machine; `None` when it is finished.
    pub next: Option<Attempt>,
    /// What to do.
    pub action: Action,
    /// What credentials have earned; to be written by fence before the next choice is made.
    pub reports: Vec<Report>,
    /// The one line for the log, when something was repaired or could not be.
    pub note: Option<Box<Note>>,
    /// For the headers of the answer.
    pub tally: Tally,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the request under this lease; an answer kept from before is kept until a newer one comes.
    Send(Lease),
    /// Renew (or adopt) and say how it ended.
    Renew(Renew),
    /// Read the owner's file again and say what was found, as for a renewal.
    Reread(Lease),
    /// Wait.
    WaitUntil(Moment),
    /// Wait, but no longer than until a generation newer than this one is at hand.
    AwaitGeneration {
        /// The generation that was refused.
        fence: Fence,
        /// When to go on all the same.
        until: Moment,
    },
    /// Make the request ready for this provider.
    FallBack(ProviderId),
    /// Hand on the newest answer as it is. With a failure it is a refusal, which the failure explains to those who do not
    /// want the provider's own words. The machine listens on, for streams; whoever has none drops it.
    Deliver(Option<Box<Failure>>),
    /// Answer for ourselves: no provider did.
    Fail(Box<Failure>),
    /// Nothing more: the client has its answer, or is gone.
    Close,
}

/// A renewal that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renew {
    /// The generation that will not do.
    pub lease: Lease,
    /// Why not.
    pub reason: Reason,
}

/// What the answer's headers say of the way it took.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// How often the request was sent upstream.
    pub tries: u32,
    /// The words of `x-evergrant-repaired`, in order, each once, without a wait that did not help; empty if the answer
    /// is a refusal all the same.
    pub repaired: Vec<&'static str>,
}
