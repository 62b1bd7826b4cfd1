//! The record of a credential and the claim on a refresh token, as every store keeps them.

use std::time::Duration;

use super::shared::Shared;
use crate::credential::{CredentialId, Epoch, Fence, Generation, Label, Material, ProviderId};
use crate::failure::Code;
use crate::protection::{Protection, stands};
use crate::provider::Flow;
use crate::secret::Fingerprint;
use crate::time::{Moment, Timestamp};
use crate::verdict::Reading;
use crate::vocabulary::{Channel, Verdict};

/// One credential as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Made once, never reused.
    pub id: CredentialId,
    /// The provider's row.
    pub provider: ProviderId,
    /// Unique within the provider.
    pub label: Label,
    /// How it came here.
    pub source: Source,
    /// Lower is preferred.
    pub priority: i32,
    /// Grows with each change of `material`.
    pub generation: Generation,
    /// Grows with each login and logout.
    pub epoch: Epoch,
    /// The secret itself.
    pub material: Material,
    /// What is known of its usability; the pool shares it.
    pub standing: Shared<Standing>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Record {
    /// The fencing token of what this record holds now.
    pub fn fence(&self) -> Fence {
        Fence {
            id: self.id.clone(),
            generation: self.generation,
            epoch: self.epoch,
        }
    }

    /// Whether a renewal that was made from `from` may be written over this: it must be what it was then, and no tombstone.
    pub fn takes(&self, from: &Fence) -> bool {
        if !stands(Protection::Tombstone) {
            return self.generation == from.generation;
        }
        self.fence() == *from && !matches!(self.material, Material::Gone)
    }
}

/// How a credential came here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `login`, by this flow.
    Login(Flow),
    /// `add --stdin`.
    Added,
    /// `add --env`.
    Environment,
    /// `import` from this tool.
    Imported(String),
}

/// What is known of a credential's usability; shared between the processes of one home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its health.
    pub health: Health,
    /// The user switched it off.
    pub disabled: bool,
    /// How often in a row the present cooldown's reason has come back; doubles the next.
    pub strikes: u32,
    /// The newest generation that a 2xx has accepted.
    pub accepted: Option<Generation>,
    /// The newest generation that was refused as unauthenticated and not accepted since.
    pub refused: Option<Generation>,
    /// When a renewal last settled an unknown denial as not-entitled; for that the grant is renewed once an hour at most.
    pub settled: Option<Box<Moment>>,
    /// When and by which kind of renewal the present generation was minted.
    pub minted: Option<Box<Minted>>,
    /// The last failure, with its evidence.
    pub last_error: Option<Box<LastError>>,
    /// "not taken" answers in a row at the token endpoint, and since when.
    pub rejections: u32,
    /// When the first of those rejections came.
    pub rejected_since: Option<Timestamp>,
    /// No renewal is tried before this time (backoff, Retry-After, a rejected client).
    pub renew_not_before: Option<Timestamp>,
    /// The keeper, for which nobody waits, tries none before this time.
    pub keep_not_before: Option<Timestamp>,
    /// When these two were written; tells how much of them is left if the wall clock is stepped.
    pub put_off_at: Option<Box<Moment>>,
    /// Models for which it rests while it serves the others.
    pub models: Vec<ModelPause>,
    /// The cooldown that stands beside a health which says something weightier.
    pub rest: Option<Box<Rest>>,
    /// When the backup was made that it came back from, as long as its refresh token has not been sent since.
    pub restored_at: Option<Timestamp>,
}

impl Standing {
    /// The last failure, if it was one of a renewal: what requests earn says nothing of the login.
    pub fn renewal_error(&self) -> Option<&LastError> {
        self.last_error
            .as_deref()
            .filter(|error| error.channel == Channel::Token)
    }

    /// Whether the outcome is unknown only because the credential came back from a backup, and nothing was sent since.
    pub fn is_restored(&self) -> bool {
        matches!(self.health, Health::OutcomeUnknown { .. }) && self.restored_at.is_some()
    }

    /// Until when no renewal is tried, if that is not over.
    pub fn held_until(&self, now: &Moment) -> Option<Timestamp> {
        let left = self.left_until(self.renew_not_before, now)?;
        self.renew_not_before.map(|told| settle(now.wall.plus(left), told))
    }

    /// How long no renewal is tried.
    pub fn held_for(&self, now: &Moment) -> Duration {
        self.left_until(self.renew_not_before, now).unwrap_or_default()
    }

    /// How long the keeper tries none.
    pub fn kept_off_for(&self, now: &Moment) -> Duration {
        let own = self.left_until(self.keep_not_before, now).unwrap_or_default();
        own.max(self.held_for(now))
    }

    /// Whether a renewal was put off in this last stretch of time.
    pub fn was_put_off_within(&self, stretch: Duration, now: &Moment) -> bool {
        self.put_off_at.as_ref().is_some_and(|at| now.since(at) < stretch)
    }

    /// The same with no renewal before `hold` is over, and none by the keeper before `keep` is.
    #[must_use]
    pub fn put_off(self, hold: Duration, keep: Duration, now: &Moment) -> Self {
        let until = |left: Duration| (!left.is_zero()).then(|| now.wall.plus(left));
        Self {
            renew_not_before: until(hold),
            keep_not_before: until(keep),
            put_off_at: Some(Box::new(now.clone())),
            ..self
        }
    }

    /// A pause longer than any that is made was written by a clock that has been set back since, and says nothing.
    fn left_until(&self, until: Option<Timestamp>, now: &Moment) -> Option<Duration> {
        let until = until?;
        let left = match &self.put_off_at {
            Some(at) if at.boot_id == now.boot_id => until.since(at.wall).saturating_sub(now.since(at)),
            Some(_) | None => until.since(now.wall),
        };
        (!left.is_zero() && left <= HOLD_MAX).then_some(left)
    }

    /// The same without cooldowns, holds and settled denials; a quarantine and an unknown outcome are facts and stay.
    #[must_use]
    pub fn reset(self) -> Self {
        match self.health {
            Health::Quarantined { .. }
            | Health::OutcomeUnknown { .. }
            | Health::Unsaved { .. }
            | Health::LoggedOut { .. } => Self {
                renew_not_before: None,
                keep_not_before: None,
                put_off_at: None,
                rejections: 0,
                rejected_since: None,
                models: Vec::new(),
                rest: None,
                ..self
            },
            Health::Ready
            | Health::Cooling { .. }
            | Health::NeedsLogin { .. }
            | Health::NotEntitled { .. }
            | Health::AccountDisabled { .. } => {
                let Self {
                    disabled,
                    accepted,
                    minted,
                    ..
                } = self;
                Self {
                    disabled,
                    accepted,
                    minted,
                    ..Self::default()
                }
            }
        }
    }
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            health: Health::Ready,
            disabled: false,
            strikes: 0,
            accepted: None,
            refused: None,
            settled: None,
            minted: None,
            last_error: None,
            rejections: 0,
            rejected_since: None,
            renew_not_before: None,
            keep_not_before: None,
            put_off_at: None,
            models: Vec::new(),
            rest: None,
            restored_at: None,
        }
    }
}

/// The time that was told, unless the clocks disagree about it: two readings of one clock differ by a little.
pub fn settle(reckoned: Timestamp, told: Timestamp) -> Timestamp {
    let apart = reckoned.since(told).max(told.since(reckoned));
    if apart < CLOCKS_AGREE { told } else { reckoned }
}

/// A cooldown for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPause {
    /// When it was refused last.
    pub refused_at: Timestamp,
    /// The model.
    pub model: String,
    /// When it ends.
    pub until: Timestamp,
    /// The verdict that caused it.
    pub why: Verdict,
    /// How often in a row it has come back; doubles the next.
    pub strikes: u32,
}

/// The cooldown of a credential whose renewal is in doubt while its access token serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// When it was refused last.
    pub refused_at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// The verdict that caused it.
    pub why: Verdict,
    /// How often in a row it has come back; doubles the next.
    pub strikes: u32,
}

/// How the present generation came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    /// When it was received.
    pub at: Moment,
    /// Whether a refusal asked for it (and not the keeper or a login).
    pub reactive: bool,
}

/// Whether a credential may be used, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It may be used.
    Ready,
    /// Not before `until`, except for a probe.
    Cooling {
        /// When it ends.
        until: Timestamp,
        /// The verdict that caused it.
        why: Verdict,
    },
    /// A refresh was sent and its answer never came.
    OutcomeUnknown {
        /// Since when.
        since: Timestamp,
    },
    /// The provider ended the grant; the refresh token is never sent again.
    Quarantined {
        /// The dead refresh token.
        fingerprint: Fingerprint,
        /// The provider's word for it.
        why: String,
        /// When.
        at: Timestamp,
    },
    /// It cannot be used without a login.
    NeedsLogin {
        /// Why, in words.
        why: String,
    },
    /// Accepted, but refused by policy.
    NotEntitled {
        /// When it is worth asking again.
        until: Timestamp,
        /// The generation for which it was settled.
        generation: Generation,
    },
    /// The account is suspended.
    AccountDisabled {
        /// When it is worth asking again.
        until: Timestamp,
    },
    /// A received grant could not be written.
    Unsaved {
        /// Since when.
        since: Timestamp,
    },
    /// Logged out: only the tombstone stands.
    LoggedOut {
        /// When.
        at: Timestamp,
    },
}

impl Health {
    /// The word of `status --json`; a disabled credential reads `disabled` whatever this says.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Cooling { .. } => "cooling",
            Self::OutcomeUnknown { .. } => "outcome-unknown",
            Self::Quarantined { .. } => "quarantined",
            Self::NeedsLogin { .. } => "needs-login",
            Self::NotEntitled { .. } => "not-entitled",
            Self::AccountDisabled { .. } => "account-disabled",
            Self::Unsaved { .. } => "unsaved",
            Self::LoggedOut { .. } => "logged-out",
        }
    }
}

/// The last failure of a credential, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// What it meant.
    pub verdict: Verdict,
    /// Where it was earned.
    pub channel: Channel,
    /// The stable code of it.
    pub code: Code,
    /// The signal that decided.
    pub signal: String,
    /// The file that the signal stands in; built-in tables name the embedded one.
    pub file: String,
    /// Its line there; 0 where a rule in code decided.
    pub line: u32,
    /// When.
    pub at: Timestamp,
    /// The generation that earned it.
    pub generation: Generation,
    /// At most 200 redacted characters of the answer.
    pub fragment: String,
}

impl LastError {
    /// The login server could not be reached to renew it.
    pub fn unreached(at: Timestamp, generation: Generation) -> Self {
        Self {
            verdict: Verdict::Transient,
            channel: Channel::Token,
            code: Code::Unreachable,
            signal: "no-connection".to_owned(),
            file: "built-in".to_owned(),
            line: 0,
            at,
            generation,
            fragment: String::new(),
        }
    }

    /// It came back from a backup made at that time: since then its refresh token may have been spent elsewhere.
    pub fn restored(taken_at: Timestamp, generation: Generation) -> Self {
        Self {
            verdict: Verdict::OutcomeUnknown,
            channel: Channel::Token,
            code: Code::OutcomeUnknown,
            signal: RESTORED.to_owned(),
            file: "built-in".to_owned(),
            line: 0,
            at: taken_at,
            generation,
            fragment: String::new(),
        }
    }

    /// What was read, where and when, and by which generation it was earned.
    pub fn of(reading: &Reading, channel: Channel, code: Code, at: Timestamp, generation: Generation) -> Self {
        Self {
            verdict: reading.verdict,
            channel,
            code,
            signal: reading.signal.name.to_string(),
            file: reading.signal.file.to_string(),
            line: reading.signal.line,
            at,
            generation,
            fragment: reading.fragment.clone(),
        }
    }
}

/// A durable row, keyed by a refresh token's fingerprint and inserted before that token is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The refresh token's fingerprint: the primary key.
    pub fingerprint: Fingerprint,
    /// The credential it belongs to.
    pub credential: CredentialId,
    /// The generation it belongs to.
    pub generation: Generation,
    /// Who claims it.
    pub owner: ClaimOwner,
    /// When it was claimed (or claimed again for a replay).
    pub claimed: Moment,
    /// When its token was last sent; `None` until the sender has checked the claim.
    pub sent: Option<Moment>,
    /// How often its token has been sent.
    pub sends: u32,
    /// Whether it still stands.
    pub state: ClaimState,
}

/// Whether a claim still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimState {
    /// Made and not finished: its token may be on its way.
    Open,
    /// Its token was spent and the successor is stored; never sent again.
    Spent,
    /// Its token was called dead; never sent again.
    Dead,
}

/// Who claims a token: one attempt of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimOwner {
    /// Random, unique for each attempt.
    pub attempt: u128,
    /// The process.
    pub process: Owner,
}

/// A process, for messages such as "held by PID since T".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The process id.
    pub pid: u32,
    /// The host's name.
    pub host: String,
    /// Since when it holds what is asked about.
    pub since: Timestamp,
}

/// 1 h: a token endpoint that asks for a longer pause is not believed.
pub const HOLD_MAX: Duration = Duration::from_secs(3_600);

/// 5 s: what a clock is corrected by while nobody steps it.
const CLOCKS_AGREE: Duration = Duration::from_secs(5);

/// The signal of what came back from a backup.
const RESTORED: &str = "restored-from-backup";
