//! What is asked of a renewal, and what it reads before it decides.

use std::sync::Arc;
use std::time::Duration;

use crate::credential::Fence;
use crate::secret::Fingerprint;
use crate::store::{Claim, Record};
use crate::verdict::Place;

/// What is asked of a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The credential, and the generation that is not good enough.
    pub fence: Fence,
    /// Why it is not.
    pub reason: Reason,
    /// Who asks, which decides how long it may wait.
    pub asker: Asker,
    /// How much longer the access token must live to be good enough.
    pub min_valid: Duration,
}

/// Why a generation is not good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The provider refused its access token as unauthenticated: it has nothing left to lose.
    Refused,
    /// The provider denied it without saying why.
    Denied,
    /// It has expired, or will before the caller is done.
    Expiring,
    /// A new one is wanted, whatever this one is: the user asked for it, or its time has come.
    Wanted,
}

/// Who asks for a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A person at the command line: one try is owed whatever hold there is.
    Command,
    /// A request that waits.
    Request,
    /// The keeper, ahead of time.
    Keeper,
}

/// What the renewal must know of the provider's row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The row's issuer.
    pub issuer: Option<String>,
    /// The row's client id.
    pub client_id: String,
    /// How long a spent token may be sent once more.
    pub reuse_grace: Duration,
    /// Whether the client id is locked as well.
    pub serialize_client: bool,
    /// Who the provider is, for what people are told; it knows when a grant ends whatever is renewed.
    pub place: Arc<Place>,
}

/// The store as read at one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The record, if there is one.
    pub record: Option<Record>,
    /// The fingerprint of the record's refresh token.
    pub fingerprint: Option<Fingerprint>,
    /// The claim on that fingerprint.
    pub claim: Option<Claim>,
    /// Whether the record's present generation is known to be refused as unauthenticated.
    pub refused: bool,
}

/// The token that is about to be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spend {
    pub(super) record: Record,
    pub(super) fingerprint: Fingerprint,
    /// The open claim that is taken over.
    pub(super) standing_claim: Option<Claim>,
}

impl Spend {
    /// Whether the token may have been taken by an earlier send.
    pub(super) fn is_replay(&self) -> bool {
        self.standing_claim.as_ref().is_some_and(|claim| claim.sent.is_some())
    }
}
