//! What a restore makes of a record in a backup: whether it is taken, in whose place, and as what it comes back.

use std::time::Duration;

use super::merge::is_same;
use super::record::{Health, LastError, Minted, Record, Standing};
use crate::credential::{Epoch, Generation, Label, LoginOrigin, Material};
use crate::protection::{Protection, stands};
use crate::time::Timestamp;

/// What is known here of the refresh token in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Past {
    /// Nothing, or that it may have been sent.
    Undecided,
    /// It was spent here, and what came for it is not in the backup.
    Spent,
    /// It is dead: its provider said so, or has revoked it.
    Dead,
    /// Its login was ended here, and the provider has not revoked it yet, as far as is known.
    Revoking {
        /// When the provider was last asked to.
        tried_at: Option<Timestamp>,
    },
}

impl Past {
    /// Whether its provider may be ending it just now. A try far in the future was noted by a clock that was set back since.
    fn is_being_decided(self, now: Timestamp) -> bool {
        match self {
            Self::Revoking { tried_at } => tried_at.is_some_and(|at| now.since(at).max(at.since(now)) < TRY_MAX),
            Self::Undecided | Self::Spent | Self::Dead => false,
        }
    }
}

/// Where a record of a backup goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restoration {
    /// A record of its own.
    New,
    /// In the place of its tombstone.
    Revive(Box<Record>),
    /// Nowhere.
    Leave(Left),
}

/// Why a record of a backup is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is here already, under this label.
    Here(Label),
    /// It was logged out or removed here at that time.
    Ended(Option<Timestamp>),
    /// Its refresh token was spent here after the backup was made.
    Spent,
    /// Its refresh token is dead.
    Dead,
    /// Its provider is being asked to revoke it at this moment.
    Revoking,
    /// There is no secret in it.
    Empty,
}

impl Left {
    /// The stable word of the report.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Here(_) => "here",
            Self::Ended(_) => "ended",
            Self::Spent => "spent",
            Self::Dead => "dead",
            Self::Revoking => "revoking",
            Self::Empty => "empty",
        }
    }

    /// Why, in one sentence without a full stop.
    pub fn sentence(&self) -> String {
        match self {
            Self::Here(label) => format!("it is here already as `{label}`, which is never overwritten"),
            Self::Ended(at) => {
                let when = at.map(|at| format!(" at {at}")).unwrap_or_default();
                format!("it was logged out or removed here{when}: `--revive` brings it back")
            }
            Self::Spent => {
                "its refresh token was spent here after the backup was made, and can never be sent again: log in"
                    .to_owned()
            }
            Self::Dead => "its refresh token is known to be dead: log in".to_owned(),
            Self::Revoking => {
                "it was logged out here, and its provider is being asked to revoke it at this moment: try again in a minute"
                    .to_owned()
            }
            Self::Empty => "the backup holds no secret of it".to_owned(),
        }
    }
}

/// The rule: nothing that lives here is overwritten, nothing that was ended here comes back unless that is asked for,
/// and no token that is spent or dead comes back at all, nor one of which that is being decided.
pub fn restoration(records: &[Record], backup: &Record, past: Past, revive: bool, now: Timestamp) -> Restoration {
    if matches!(backup.material, Material::Gone) {
        return Restoration::Leave(Left::Empty);
    }
    let mut living = records.iter().filter(|record| !is_gone(record));
    if let Some(same) = living.find(|record| is_the_same(record, backup)) {
        return Restoration::Leave(Left::Here(same.label.clone()));
    }
    // First what nobody can ask for, so that nothing is promised that would not be done.
    match past {
        Past::Spent => return Restoration::Leave(Left::Spent),
        Past::Dead => return Restoration::Leave(Left::Dead),
        Past::Undecided | Past::Revoking { .. } => {}
    }
    let tombstone = records.iter().find(|record| record.id == backup.id);
    let ended = tombstone.is_some() || matches!(past, Past::Revoking { .. });
    if ended && !revive && stands(Protection::EndedStaysEnded) {
        return Restoration::Leave(Left::Ended(tombstone.and_then(ended_at)));
    }
    if past.is_being_decided(now) {
        return Restoration::Leave(Left::Revoking);
    }
    match tombstone {
        Some(tombstone) => Restoration::Revive(Box::new(tombstone.clone())),
        None => Restoration::New,
    }
}

/// The record as it comes back: newer than whatever was known of it, and with nothing held against it but that its refresh
/// token may have been spent elsewhere since the backup was made.
pub fn restored(
    backup: &Record,
    tombstone: Option<&Record>,
    label: Label,
    taken_at: Timestamp,
    now: Timestamp,
) -> Record {
    let (generation, epoch) = tombstone.map_or((Generation(0), Epoch(0)), |old| (old.generation, old.epoch));
    let generation = backup.generation.max(generation).next();
    Record {
        label,
        generation,
        epoch: backup.epoch.max(epoch).next(),
        standing: standing(backup, generation, taken_at.min(now)).into(),
        updated_at: now,
        ..backup.clone()
    }
}

fn standing(backup: &Record, generation: Generation, since: Timestamp) -> Standing {
    let fresh = Standing {
        disabled: backup.standing.disabled,
        ..Standing::default()
    };
    let Material::Grant(grant) = &backup.material else {
        return fresh;
    };
    let fresh = Standing {
        minted: Some(Box::new(Minted {
            at: grant.obtained.clone(),
            reactive: false,
        })),
        ..fresh
    };
    if grant.refresh_token.is_some() {
        if !stands(Protection::RestoredIsUnknown) {
            return fresh;
        }
        return Standing {
            health: Health::OutcomeUnknown { since },
            last_error: Some(Box::new(LastError::restored(since, generation))),
            restored_at: Some(since),
            ..fresh
        };
    }
    // Nothing can be spent: what ended it is as true here as there.
    match &backup.standing.health {
        health @ (Health::Quarantined { .. } | Health::NeedsLogin { .. }) => Standing {
            health: health.clone(),
            last_error: backup.standing.last_error.clone(),
            ..fresh
        },
        Health::Ready
        | Health::Cooling { .. }
        | Health::OutcomeUnknown { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. }
        | Health::Unsaved { .. }
        | Health::LoggedOut { .. } => fresh,
    }
}

fn is_gone(record: &Record) -> bool {
    matches!(record.material, Material::Gone)
}

fn ended_at(record: &Record) -> Option<Timestamp> {
    match record.standing.health {
        Health::LoggedOut { at } => Some(at),
        Health::Ready
        | Health::Cooling { .. }
        | Health::OutcomeUnknown { .. }
        | Health::Quarantined { .. }
        | Health::NeedsLogin { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. }
        | Health::Unsaved { .. } => None,
    }
}

/// Whether both are one credential: by id, by the secret itself, or by the identity behind it.
fn is_the_same(record: &Record, backup: &Record) -> bool {
    if record.id == backup.id {
        return true;
    }
    if record.provider != backup.provider {
        return false;
    }
    let same_login = login_of(&record.material)
        .zip(login_of(&backup.material))
        .is_some_and(|(one, other)| is_same(one, other));
    same_login || has_same_secret(&record.material, &backup.material)
}

fn login_of(material: &Material) -> Option<&LoginOrigin> {
    match material {
        Material::Grant(grant) => Some(&grant.login),
        Material::Borrowed(borrowed) => Some(&borrowed.login),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => None,
    }
}

fn has_same_secret(one: &Material, other: &Material) -> bool {
    match (one, other) {
        (Material::Grant(one), Material::Grant(other)) => {
            one.access_token == other.access_token
                || one.refresh_token.is_some() && one.refresh_token == other.refresh_token
        }
        (Material::Grant(grant), Material::Borrowed(borrowed))
        | (Material::Borrowed(borrowed), Material::Grant(grant)) => grant.access_token == borrowed.access_token,
        (Material::Borrowed(one), Material::Borrowed(other)) => {
            (&one.file, &one.tool, &one.entry) == (&other.file, &other.tool, &other.entry)
                || one.access_token == other.access_token
        }
        (Material::ApiKey(one), Material::ApiKey(other)) => one == other,
        (Material::EnvKey(one), Material::EnvKey(other)) => one == other,
        (
            Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone,
            _,
        ) => false,
    }
}

/// 30 s: a try to revoke is given up after 10 s, and 15 s after it began somebody else may make the next.
const TRY_MAX: Duration = Duration::from_secs(30);
