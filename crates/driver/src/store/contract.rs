//! What every store promises; SQLite and PostgreSQL are its two implementations, and one conformance suite holds both.
//!
//! All calls block; they are made from threads that may. No call holds a transaction across another one.

use evergrant_engine::credential::{CredentialId, Fence, Label, Material, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::secret::{Fingerprint, FingerprintKey};
use evergrant_engine::store::{Claim, ClaimOwner, LastError, Record, Source, Standing};
use evergrant_engine::time::{Moment, Timestamp};

/// A store of credentials and claims.
pub trait Store: Send + Sync + 'static {
    /// The key of fingerprints, the same for everyone who opens this store.
    fn fingerprint_key(&self) -> &FingerprintKey;

    /// Changes whenever anyone changed anything; cheap enough to ask every 250 ms.
    fn version(&self) -> Result<Version, StoreFault>;

    /// Every record, tombstones included, by provider, priority, creation.
    fn records(&self) -> Result<Vec<Record>, StoreFault>;

    /// One record, tombstones included.
    fn record(&self, id: &CredentialId) -> Result<Option<Record>, StoreFault>;

    /// Writes a login or a new key: makes a record, or replaces the material of the one that `placement` names,
    /// with a new generation and a new epoch, a fresh standing, and the quarantine of old tokens left in place.
    /// Fails with `Changed` if the record named is no longer at the fence given.
    fn place(&self, draft: &Draft, placement: &Placement) -> Result<Record, StoreFault>;

    /// Inserts the claim, durably, unless one with its fingerprint stands already (open, spent or dead).
    fn claim(&self, claim: &Claim) -> Result<ClaimAnswer, StoreFault>;

    /// Takes over an open claim: compare-and-set on the attempt that holds it now.
    fn take_over(
        &self,
        fingerprint: &Fingerprint,
        from: u128,
        to: &ClaimOwner,
        now: &Moment,
    ) -> Result<bool, StoreFault>;

    /// Marks the claim as sent now: compare-and-set on attempt and `Open`. Nothing may be sent if it answers `false`.
    fn mark_sent(&self, fingerprint: &Fingerprint, attempt: u128, now: &Moment) -> Result<bool, StoreFault>;

    /// Removes an open claim of this attempt, because its token was surely not taken. If the claim had been sent by an
    /// earlier attempt whose outcome is unknown, it stays open instead.
    fn release(&self, fingerprint: &Fingerprint, attempt: u128) -> Result<(), StoreFault>;

    /// The claim on a fingerprint, if there is one.
    fn claim_of(&self, fingerprint: &Fingerprint) -> Result<Option<Claim>, StoreFault>;

    /// Every claim that is still open, for `status` and `doctor`.
    fn open_claims(&self) -> Result<Vec<Claim>, StoreFault>;

    /// Commits a renewal: new material and generation, claim closed as `Spent`, standing updated, in one durable
    /// transaction; compare-and-set on id, generation and epoch, refused by a tombstone.
    fn commit(&self, commit: &Commit) -> Result<CommitAnswer, StoreFault>;

    /// Quarantines a dead refresh token: drops it from the material, closes its claim as `Dead` (making one if there is none),
    /// sets the health; compare-and-set on the fence. `false`: the record moved on, nothing was changed.
    fn quarantine(&self, quarantine: &Quarantine) -> Result<bool, StoreFault>;

    /// Writes the standing; compare-and-set on the fence. `false`: the record moved on, nothing was changed.
    fn stand(&self, fence: &Fence, standing: &Standing) -> Result<bool, StoreFault>;

    /// Renames, within the provider; fails with `LabelTaken`.
    fn rename(&self, id: &CredentialId, label: &Label) -> Result<(), StoreFault>;

    /// Sets the priority; lower is preferred.
    fn prioritise(&self, id: &CredentialId, priority: i32) -> Result<(), StoreFault>;

    /// Removes: the epoch grows, the secrets go, a tombstone with this health stays (and its claims, 30 days).
    /// Answers the record as it was, so that its tokens can be revoked.
    fn bury(&self, id: &CredentialId, now: Timestamp) -> Result<Option<Record>, StoreFault>;
}

/// A number that differs whenever the store's content does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

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

/// Why a store could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// There is none.
    #[error("there is no store at {place}")]
    Missing {
        /// Where it was looked for.
        place: String,
    },
    /// It is damaged.
    #[error("the store at {place} is damaged: {detail}")]
    Corrupt {
        /// Where.
        place: String,
        /// What SQLite said.
        detail: String,
    },
    /// The key does not open it.
    #[error("the store at {place} cannot be decrypted: {detail}")]
    Undecryptable {
        /// Where.
        place: String,
        /// Which key was tried.
        detail: String,
    },
    /// Another process held it past the time limit.
    #[error("the store at {place} is locked by another process")]
    Locked {
        /// Where.
        place: String,
    },
    /// Permissions, or an owner that is not us.
    #[error("the store at {place} may not be used: {detail}")]
    Permission {
        /// Which file.
        place: String,
        /// What is wrong with it.
        detail: String,
        /// The command that mends it.
        fix: String,
    },
    /// A newer major version wrote it.
    #[error("the store at {place} was written by a newer evergrant (schema {found}, this one knows {known})")]
    Newer {
        /// Where.
        place: String,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Disk full, read-only, IO error.
    #[error("the store at {place} cannot be written: {detail}")]
    Unwritable {
        /// Where.
        place: String,
        /// What the system said.
        detail: String,
    },
    /// The label is taken within the provider.
    #[error("the label `{label}` is taken at {provider}")]
    LabelTaken {
        /// The provider.
        provider: ProviderId,
        /// The label.
        label: Label,
    },
    /// The record is not at the fence that was asked for.
    #[error("the credential changed meanwhile")]
    Changed,
    /// No such record.
    #[error("there is no credential `{0}`")]
    NoRecord(CredentialId),
}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        let message = fault.to_string();
        let (code, remedy) = match fault {
            StoreFault::Missing { .. } => (Code::StoreMissing, run("evergrant login", "log in, which makes one")),
            StoreFault::Corrupt { place, .. } => (
                Code::StoreCorrupt,
                Remedy::EditFile {
                    place: format!("the store: restore a backup of {place}, or move it aside and log in again"),
                },
            ),
            StoreFault::Undecryptable { place, .. } => (
                Code::StoreUndecryptable,
                Remedy::EditFile {
                    place: format!("the key: put back the one that belongs to {place}"),
                },
            ),
            StoreFault::Locked { .. } => (Code::StoreLocked, Remedy::Wait { until: None }),
            StoreFault::Permission { fix, .. } => (
                Code::StorePermission,
                Remedy::Run {
                    command: fix,
                    why: "give the file back to you alone".to_owned(),
                },
            ),
            StoreFault::Newer { .. } => (
                Code::StoreNewer,
                Remedy::EditFile {
                    place: "the installation: update evergrant".to_owned(),
                },
            ),
            StoreFault::Unwritable { place, .. } => (
                Code::StoreUnwritable,
                Remedy::EditFile {
                    place: format!("the disk under {place}: free space or make it writable, then try again"),
                },
            ),
            StoreFault::LabelTaken { .. } => (Code::Usage, run("evergrant list", "choose a label that is free")),
            StoreFault::Changed => (Code::LockHeld, Remedy::Wait { until: None }),
            StoreFault::NoRecord(_) => (
                Code::UnknownCredential,
                run("evergrant list", "choose one that is listed"),
            ),
        };
        Self::new(code, message).with_remedy(remedy)
    }
}

fn run(command: &str, why: &str) -> Remedy {
    Remedy::Run {
        command: command.to_owned(),
        why: why.to_owned(),
    }
}
