//! What a request's machine is told: the plan it begins with, and what happened since.

use std::sync::Arc;
use std::time::Duration;

use crate::credential::{Label, ProviderId};
use crate::pool::{Conversation, Holder, Lease};
use crate::recovery::renewal::Renewed;
use crate::verdict::Reading;
use crate::wire::Phase;

/// What a request may do; nothing in it says who asks, because all callers are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The request's number, so that its leases are told from others'.
    pub owner: Holder,
    /// The providers in their order; only those that serve the request's path and model.
    pub route: Vec<ProviderId>,
    /// The only credential that will do, if the caller named one.
    pub pin: Option<Label>,
    /// The conversation it belongs to, if it belongs to one and somebody chooses by that.
    pub conversation: Option<Conversation>,
    /// The model it asks for, if somebody limits by that.
    pub model: Option<Arc<str>>,
    /// What may be sent again.
    pub replay: Replay,
    /// How long the access token must be good for; zero for an ordinary request.
    pub min_valid: Duration,
    /// Whether a credential that cools down may be tried in between: only where its answer is heard.
    pub probes: bool,
    /// Nothing new is begun after this long.
    pub time: Duration,
}

/// What may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Replay {
    /// A refused request: its body is kept.
    pub refused: bool,
    /// A request that the provider may have acted on: its method or path is safe to repeat, and its body is kept.
    pub ambiguous: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The provider answered; a stream counts once its first event with content is there.
    Answered {
        /// Under which lease it was asked.
        lease: Lease,
        /// What the answer means.
        reading: Reading,
    },
    /// There was no answer.
    Failed {
        /// Under which lease it was asked.
        lease: Lease,
        /// How far it came.
        phase: Phase,
        /// Whether a time limit ended it.
        timed_out: bool,
    },
    /// The renewal or re-reading that was asked for has ended.
    Renewed(Renewed),
    /// The wait is over, or the generation waited for has come.
    Waited,
    /// The request is ready for the provider fallen back to.
    FellBack,
    /// A stream broke off or carried an error event.
    StreamBroke {
        /// Under which lease it was asked.
        lease: Lease,
        /// What the error event means; `None` if the stream was cut.
        reading: Option<Reading>,
        /// Whether a byte of it has gone to the client.
        released: bool,
    },
    /// The caller went away.
    Cancelled,
}

impl Input {
    /// Under whose lease it happened, if it did under one.
    pub(super) const fn owner(&self) -> Option<Holder> {
        match self {
            Self::Answered { lease, .. } | Self::Failed { lease, .. } | Self::StreamBroke { lease, .. } => {
                Some(lease.owner)
            }
            Self::Renewed(_) | Self::Waited | Self::FellBack | Self::Cancelled => None,
        }
    }
}
