//! How a renewal ended, as everyone who waited for it is told.

use std::time::Duration;

use crate::credential::{Fence, Generation};
use crate::failure::Failure;

/// The end of a renewal, shared by all who waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// A generation newer than the one refused is at hand.
    Usable {
        /// Which.
        fence: Fence,
        /// Whether this renewal minted it, or found that someone else had.
        minted: bool,
        /// Whether it is durable; if not, it is served from memory and its commit is retried.
        saved: bool,
    },
    /// There is none, and this is why.
    Unusable {
        /// The generation that was to be renewed.
        generation: Generation,
        /// What stands in the way.
        obstacle: Obstacle,
        /// The same for people.
        failure: Failure,
    },
}

/// What stands in the way of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// The provider ended the grant.
    Dead,
    /// It was logged out or removed.
    LoggedOut,
    /// There is no refresh token to renew with.
    NotRenewable,
    /// Plan or policy forbids it at the token endpoint.
    NotEntitled,
    /// Client or request rejected, or the row changed: configuration, not the grant.
    Rejected,
    /// A passing fault: network, limit, lock held, backoff.
    Later {
        /// How long to wait, if it is known.
        after: Option<Duration>,
    },
    /// An earlier refresh was sent and its answer never came.
    OutcomeUnknown,
    /// The store cannot be read or written.
    Store,
}
