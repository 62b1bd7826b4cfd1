//! The words that numbers of the driver are told apart by.

use evergrant_engine::recovery::{Obstacle, Renewed};

/// How a renewal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The provider gave a new token, and it is in the store.
    Renewed,
    /// The provider gave a new token, and it could not be saved.
    Unsaved,
    /// Someone else had renewed.
    Adopted,
    /// The provider ended the grant.
    Dead,
    /// It was logged out or removed.
    LoggedOut,
    /// There is nothing to renew with.
    NotRenewable,
    /// Plan or policy forbids it.
    NotEntitled,
    /// Client or request rejected, or the row has changed.
    Rejected,
    /// A passing fault.
    Later,
    /// It was sent, and its answer never came.
    Unknown,
    /// The store failed.
    Store,
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub(crate) const ALL: [Self; 11] = [
        Self::Renewed,
        Self::Unsaved,
        Self::Adopted,
        Self::Dead,
        Self::LoggedOut,
        Self::NotRenewable,
        Self::NotEntitled,
        Self::Rejected,
        Self::Later,
        Self::Unknown,
        Self::Store,
    ];

    /// The outcome that this end is.
    pub(crate) const fn of(renewed: &Renewed) -> Self {
        match renewed {
            Renewed::Usable { saved: false, .. } => Self::Unsaved,
            Renewed::Usable { minted: true, .. } => Self::Renewed,
            Renewed::Usable { minted: false, .. } => Self::Adopted,
            Renewed::Unusable { obstacle, .. } => match obstacle {
                Obstacle::Dead => Self::Dead,
                Obstacle::LoggedOut => Self::LoggedOut,
                Obstacle::NotRenewable => Self::NotRenewable,
                Obstacle::NotEntitled => Self::NotEntitled,
                Obstacle::Rejected => Self::Rejected,
                Obstacle::Later { .. } => Self::Later,
                Obstacle::OutcomeUnknown => Self::Unknown,
                Obstacle::Store => Self::Store,
            },
        }
    }

    /// The word that operators read.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Renewed => "renewed",
            Self::Unsaved => "unsaved",
            Self::Adopted => "adopted",
            Self::Dead => "dead",
            Self::LoggedOut => "logged-out",
            Self::NotRenewable => "not-renewable",
            Self::NotEntitled => "not-entitled",
            Self::Rejected => "rejected",
            Self::Later => "later",
            Self::Unknown => "outcome-unknown",
            Self::Store => "store",
        }
    }
}

/// What could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwritten {
    /// A renewed token.
    Commit,
    /// The answer of a token endpoint, before its commit.
    Journal,
    /// A claim that was to be given back.
    Claim,
    /// A dead refresh token's quarantine.
    Quarantine,
    /// What requests and renewals have shown of a credential.
    Standing,
}

impl Unwritten {
    /// Everything, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] = [
        Self::Commit,
        Self::Journal,
        Self::Claim,
        Self::Quarantine,
        Self::Standing,
    ];

    /// The word that operators read.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Journal => "journal",
            Self::Claim => "claim",
            Self::Quarantine => "quarantine",
            Self::Standing => "standing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stand_in_the_order_of_their_numbers() {
        assert!((0..).zip(Outcome::ALL).all(|(at, outcome)| outcome as usize == at));
        assert!(
            (0..)
                .zip(Unwritten::ALL)
                .all(|(at, unwritten)| unwritten as usize == at)
        );
    }
}
