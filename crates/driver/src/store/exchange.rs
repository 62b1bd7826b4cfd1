//! What is handed to a store and what it answers, beside the records themselves.

use std::sync::Arc;

use evergrant_engine::credential::{Fence, Label, Material, ProviderId};
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::store::{Claim, LastError, Left, Record, Source, Standing};
use evergrant_engine::time::Timestamp;

/// A number that differs whenever the store's content does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

/// How far a store's changes have been read; it grows with each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of the newest change of a record.
    pub(super) changed: u64,
    /// How many records have gone.
    pub(super) gone: u64,
}

/// What has changed in a store.
#[derive(Clone, Debug)]
pub enum Changes {
    /// It cannot be told: every record, as `records` answers, and the mark to go on from if there is one.
    All(Vec<Arc<Record>>, Option<Mark>),
    /// These records, tombstones and new ones included, and the mark to go on from.
    Of(Vec<Arc<Record>>, Mark),
}

/// A credential to be kept, before it has an id.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its provider.
    pub provider: ProviderId,
    /// The label asked for; `None` takes the first free of `default`, `default-2`, ...
    pub label: Option<Label>,
    /// How it came here.
    pub source: Source,
    /// Its secret.
    pub material: Material,
    /// Now, by the wall clock.
    pub at: Timestamp,
    /// Entropy for the id, if one is made.
    pub entropy: u128,
}

/// Where a draft goes, as decided by the engine's merge rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// A new record.
    New,
    /// In place of this one, if it is still at this fence.
    Replace(Fence),
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// It is ours now.
    Made,
    /// One stands already.
    Stands(Box<Claim>),
}

/// A renewal to be committed.
#[derive(Clone, Debug)]
pub struct Commit {
    /// What it was renewed from.
    pub from: Fence,
    /// Its provider, and what it was called: whoever finds no record any more revokes there what came.
    pub provider: ProviderId,
    /// Its label.
    pub label: Label,
    /// The refresh token that was spent.
    pub spent: Fingerprint,
    /// The new material.
    pub material: Material,
    /// The standing from now on.
    pub standing: Standing,
    /// When it was written.
    pub at: Timestamp,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq)]
pub enum CommitAnswer {
    /// It is durable; this is the record now.
    Done(Box<Record>),
    /// A logout won: what was received must be revoked.
    LoggedOut,
    /// A newer login won (or a journal's commit was done by someone else): what was received is dropped.
    Superseded(Box<Record>),
}

/// What a store held at one time, as it is sealed into a backup.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// When it was read.
    pub taken_at: Timestamp,
    /// Every record that was not buried.
    pub records: Vec<Record>,
}

/// What a restore came to.
#[derive(Clone, Debug, PartialEq)]
pub enum RestoreAnswer {
    /// It is durable; what became of each record, in the order of the backup.
    Done(Vec<Restored>),
    /// Nothing was written: a renewal of these may be under way, whose answer would be lost by it. Whoever has had their
    /// locks since may ask again.
    Unsettled(Vec<Fence>),
}

/// What became of one record of a backup.
#[derive(Clone, Debug, PartialEq)]
pub enum Restored {
    /// It is here again, as this record.
    Back(Box<Record>),
    /// It was left out.
    Left(Left),
}

/// A dead refresh token.
#[derive(Clone, Debug)]
pub struct Quarantine {
    /// The record it was read from.
    pub fence: Fence,
    /// The dead token.
    pub fingerprint: Fingerprint,
    /// The provider's word.
    pub why: String,
    /// The evidence.
    pub last_error: LastError,
    /// When.
    pub at: Timestamp,
}
