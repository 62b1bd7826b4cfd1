//! What can happen to a renewal.

use super::ask::View;
use crate::credential::Fence;
use crate::failure::Failure;
use crate::store::Owner;
use crate::verdict::Reading;
use crate::wire::Phase;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The store was read.
    Viewed(View),
    /// The store could not be read or written, for this reason.
    StoreFailed(Failure),
    /// The token endpoint is known; this is its host.
    Located(String),
    /// The token endpoint could not be learnt.
    NotLocated(Failure),
    /// The lock is ours.
    Locked,
    /// Someone else has it.
    Busy {
        /// Who, if the sidecar says.
        holder: Option<Owner>,
        /// Whether that process is stopped.
        stopped: bool,
        /// The store, read without the lock.
        view: View,
    },
    /// A pause is over.
    Waited,
    /// Connected, TLS included.
    Connected,
    /// The claim is ours and durable, and the journal's space is kept.
    Claimed,
    /// The claim stands for someone else.
    NotClaimed,
    /// The claim was not ours any more, or too old, when the first byte was due: nothing was written.
    GaveUp,
    /// The claim could not be marked as sent, because the store failed: nothing was written.
    NotMarked(Failure),
    /// The exchange broke off.
    Broke {
        /// How far it had come.
        phase: Phase,
        /// What the transport said.
        detail: String,
    },
    /// The endpoint refused.
    Refused {
        /// What its answer means.
        reading: Reading,
        /// Whether the answer is one that a moved endpoint gives (HTML, 403 or 404 where it was learnt from a cache).
        moved: bool,
    },
    /// The endpoint gave a new token.
    Granted,
    /// The new token is durable.
    Committed(Fence),
    /// A logout won: the received token must be revoked.
    LostToLogout,
    /// A newer login won.
    LostToLogin(Fence),
    /// The new token could not be written.
    NotCommitted(String),
}
