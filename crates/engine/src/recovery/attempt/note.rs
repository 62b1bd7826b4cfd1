//! The one line that the log keeps of what was done about a refusal.

use crate::credential::{Generation, Label, ProviderId};
use crate::vocabulary::Verdict;

/// What is said to the log at INFO, once for each refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whose.
    pub provider: ProviderId,
    /// Which credential.
    pub label: Label,
    /// What was wrong; `None` if it was no answer at all.
    pub verdict: Option<Verdict>,
    /// The signal that decided, or how far the request came.
    pub signal: String,
    /// What was done about it.
    pub act: Act,
    /// The generation that was refused.
    pub generation: Generation,
}

/// What was done about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The grant was renewed.
    Refresh,
    /// A generation that someone else had renewed was used.
    Adopt,
    /// The borrowed token's file was read again.
    Reread,
    /// It was sent again after a wait.
    Wait,
    /// Another credential was used.
    Rotate,
    /// Another provider was used.
    Fallback,
    /// The refusal went to the client.
    Deliver,
    /// There was no answer to hand on.
    Fail,
}

impl Act {
    /// Everything that can be done, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Refresh,
        Self::Adopt,
        Self::Reread,
        Self::Wait,
        Self::Rotate,
        Self::Fallback,
        Self::Deliver,
        Self::Fail,
    ];

    /// The word of the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Adopt => "adopt",
            Self::Reread => "reread",
            Self::Wait => "wait",
            Self::Rotate => "rotate",
            Self::Fallback => "fallback",
            Self::Deliver => "deliver",
            Self::Fail => "fail",
        }
    }

    /// The word of `x-evergrant-repaired`; nothing for what repairs nothing.
    pub const fn repair(self) -> Option<&'static str> {
        match self {
            Self::Refresh | Self::Adopt | Self::Reread => Some("refresh"),
            Self::Wait => Some("wait"),
            Self::Rotate => Some("rotate"),
            Self::Fallback => Some("fallback"),
            Self::Deliver | Self::Fail => None,
        }
    }
}
