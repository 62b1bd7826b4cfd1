//! The endings of a renewal: what is given back, what is kept of it, and what everyone who waited is told.

use std::time::Duration;

use super::ask::{Ask, Reason, Spend, Terms, View};
use super::input::Input;
use super::jitter;
use super::renewed::{Obstacle, Renewed};
use crate::credential::{Fence, Kind, Material};
use crate::failure::{Code, Failure};
use crate::pool::over;
use crate::protection::{Protection, stands};
use crate::remedy::Remedy;
use crate::secret::Fingerprint;
use crate::store::{Health, LastError, Minted, Owner, Record, Standing};
use crate::time::{Moment, Timestamp};
use crate::verdict::{Channel, Reading, Situation, Verdict, anew, message};

/// How a renewal ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// A claim to be given back, because its token was surely not taken by this send.
    pub release: Option<Fingerprint>,
    /// The standing to be written, if the record is still at this fence.
    pub standing: Option<(Fence, Standing)>,
    /// A refresh token to be quarantined.
    pub quarantine: Option<Quarantined>,
    /// Whether the token just received must be revoked, because a logout won.
    pub revoke: bool,
    /// Whether the endpoint in the cache must be learnt anew.
    pub forget_endpoint: bool,
    /// What everyone who waited is told.
    pub renewed: Renewed,
}

/// A refresh token that the provider called dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The record that held it.
    pub fence: Fence,
    /// The token.
    pub fingerprint: Fingerprint,
    /// The provider's word.
    pub why: String,
    /// The evidence.
    pub last_error: LastError,
}

impl Ending {
    const fn of(renewed: Renewed) -> Self {
        Self {
            release: None,
            standing: None,
            quarantine: None,
            revoke: false,
            forget_endpoint: false,
            renewed,
        }
    }
}

/// Someone else has a newer generation.
pub(super) fn adopted(fence: Fence) -> Ending {
    Ending::of(Renewed::Usable {
        fence,
        minted: false,
        saved: true,
    })
}

/// This renewal made one.
pub(super) fn minted(fence: Fence) -> Ending {
    Ending::of(Renewed::Usable {
        fence,
        minted: true,
        saved: true,
    })
}

/// The credential is gone.
pub(super) fn logged_out(ask: &Ask) -> Ending {
    let failure = Failure::new(Code::NeedsLogin, "the credential was logged out or removed");
    unusable(ask, Obstacle::LoggedOut, failure)
}

/// It was logged out just before the first byte of its renewal.
pub(super) fn logged_out_unsent(ask: &Ask, spend: &Spend) -> Ending {
    let mut ending = logged_out(ask);
    ending.release = Some(spend.fingerprint);
    ending
}

/// There is nothing to renew with.
pub(super) fn not_renewable(ask: &Ask, terms: &Terms, record: &Record) -> Ending {
    let message = format!(
        "`{}` at {} has no refresh token, so it cannot be renewed",
        record.label, record.provider
    );
    unusable(
        ask,
        Obstacle::NotRenewable,
        Failure::new(Code::NeedsLogin, message).with_remedy(new_login(terms, record)),
    )
}

/// Its refresh token was spent before: to send it again would look like theft.
pub(super) fn already_spent(ask: &Ask, terms: &Terms, record: &Record) -> Ending {
    let message = format!(
        "the refresh token of `{}` at {} was spent already, so it cannot be renewed",
        record.label, record.provider
    );
    unusable(
        ask,
        Obstacle::NotRenewable,
        Failure::new(Code::NeedsLogin, message).with_remedy(new_login(terms, record)),
    )
}

/// It was called dead before.
pub(super) fn already_dead(ask: &Ask, terms: &Terms, record: &Record, now: &Moment) -> Ending {
    unusable(ask, Obstacle::Dead, dead_failure(terms, record, now))
}

fn dead_failure(terms: &Terms, record: &Record, now: &Moment) -> Failure {
    let hard_end = match &record.material {
        Material::Grant(grant) => grant.hard_end(terms.place.hard_end),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
    };
    let (code, message) = match hard_end.filter(|end| *end <= now.wall) {
        Some(end) => (Code::NeedsLogin, over(&record.label, end)),
        None => (
            Code::GrantDead,
            message(
                Verdict::GrantDead,
                Channel::Token,
                &terms.place.name,
                Some(&record.label),
            ),
        ),
    };
    Failure::new(code, message).with_remedy(new_login(terms, record))
}

/// The row names another issuer, client or host than the login did.
pub(super) fn row_changed(ask: &Ask, terms: &Terms, record: &Record, change: &str) -> Ending {
    let message = format!(
        "the row of {} changed after the login of `{}`: {change}",
        record.provider, record.label
    );
    let remedy = match terms.place.file() {
        Some(file) => Remedy::EditFile {
            place: format!("{file}: put the old value back, or log in again"),
        },
        None => new_login(terms, record),
    };
    let failure = Failure::new(Code::RowChanged, message).with_remedy(remedy);
    unusable(ask, Obstacle::Rejected, failure)
}

/// Another process holds the lock and does not come to an end.
pub(super) fn lock_held(ask: &Ask, holder: Option<&Owner>, stopped: bool) -> Ending {
    let by = holder.map_or_else(
        || "by another process".to_owned(),
        |owner| {
            format!(
                "by process {} on {} since {}{}",
                owner.pid,
                owner.host,
                owner.since,
                if stopped { " (stopped)" } else { "" }
            )
        },
    );
    let mut failure = Failure::new(Code::LockHeld, format!("a renewal of this credential is held {by}"));
    failure = match holder {
        Some(owner) if stopped => failure.with_remedy(Remedy::Run {
            command: format!("kill -CONT {}", owner.pid),
            why: "let that process go on, or end it".to_owned(),
        }),
        _ => failure.with_remedy(Remedy::Wait { until: None }),
    };
    unusable(ask, Obstacle::Later { after: None }, failure)
}

/// Sent, and no answer that could be read.
pub(super) fn broken(spend: &Spend, detail: &str, now: &Moment, entropy: u64) -> Ending {
    let mut ending = outcome_unknown(spend, None, now);
    let sends = spend.standing_claim.as_ref().map_or(0, |claim| claim.sends);
    if let Some((_, standing)) = &mut ending.standing {
        if standing.is_restored() {
            // From now on it is a send of our own that is not answered.
            standing.health = Health::OutcomeUnknown { since: now.wall };
            standing.last_error = None;
            standing.restored_at = None;
        }
        let (hold, keep) = (standing.held_for(now), jitter::idle(sends.saturating_add(1), entropy));
        *standing = standing.clone().put_off(hold, keep, now);
    }
    if let Renewed::Unusable { failure, .. } = &mut ending.renewed {
        failure.detail = Some(detail.to_owned());
    }
    ending
}

/// The outcome of a send is not known; the claim stays.
pub(super) fn outcome_unknown(spend: &Spend, after: Option<Duration>, now: &Moment) -> Ending {
    let record = &spend.record;
    let since = match record.standing.health {
        Health::OutcomeUnknown { since } => since,
        _ => spend
            .standing_claim
            .as_ref()
            .and_then(|claim| claim.sent.as_ref())
            .map_or(now.wall, |sent| sent.wall),
    };
    let (label, provider) = (&record.label, &record.provider);
    let message = if record.standing.is_restored() {
        format!(
            "`{label}` at {provider} came back from a backup and may have been renewed elsewhere since; it is renewed when the \
             access token has lapsed"
        )
    } else {
        format!(
            "a renewal of `{label}` at {provider} was sent and its answer never came; it is tried again when the access \
             token has lapsed"
        )
    };
    let serving = match &record.material {
        // It is only held back, and no longer because anything could be lost.
        Material::Grant(_) if after.is_some() => None,
        Material::Grant(grant) if grant.usable_for(Duration::ZERO, now) => Some(grant),
        Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
    };
    let remedy = match serving {
        Some(grant) => Remedy::NextUse {
            after: grant.expires_at(),
        },
        None => Remedy::Renew {
            provider: provider.clone(),
            label: label.clone(),
        },
    };
    let mut failure = Failure::new(Code::OutcomeUnknown, message).with_remedy(remedy);
    failure.retry_after = after;
    let health = Health::OutcomeUnknown { since };
    let standing = Standing::clone(&record.standing).overshadowed(health);
    let standing = match after {
        Some(after) => {
            let hold = standing.held_for(now);
            standing.put_off(hold, after, now)
        }
        None => standing,
    };
    let mut ending = unusable_at(record, Obstacle::OutcomeUnknown, failure);
    ending.standing = Some((record.fence(), standing));
    ending
}

/// The endpoint called the grant dead: adopt if a sibling rotated meanwhile, else quarantine the token that was tried.
pub(super) fn dead(ask: &Ask, terms: &Terms, spend: &Spend, reading: &Reading, view: View, now: &Moment) -> Ending {
    let record = &spend.record;
    let Some(current) = view.record else {
        return logged_out(ask);
    };
    if matches!(current.material, Material::Gone) {
        return logged_out(ask);
    }
    let rotated = view
        .fingerprint
        .is_some_and(|fingerprint| fingerprint != spend.fingerprint);
    if rotated && stands(Protection::Reread) {
        return adopted(current.fence());
    }
    let mut ending = unusable_at(
        record,
        Obstacle::Dead,
        dead_failure(terms, record, now).with_detail(reading.fragment.clone()),
    );
    ending.quarantine = Some(Quarantined {
        fence: record.fence(),
        fingerprint: spend.fingerprint,
        why: reading.signal.name.to_string(),
        last_error: LastError::of(reading, Channel::Token, Code::GrantDead, now.wall, record.generation),
    });
    ending
}

/// A logout won the race: the received token is revoked.
pub(super) fn lost_to_logout(spend: &Spend) -> Ending {
    let failure = Failure::new(Code::NeedsLogin, "the credential was logged out while it was renewed");
    let mut ending = unusable_at(&spend.record, Obstacle::LoggedOut, failure);
    ending.revoke = true;
    ending
}

/// The store cannot be read or written.
pub(super) fn store_failed(ask: &Ask, failure: &Failure, was_sent: bool) -> Ending {
    let message = if was_sent {
        format!("what the provider was sent is not lost, but nothing more can be done: {failure}")
    } else {
        format!("nothing was sent: {failure}")
    };
    let failure = Failure {
        message,
        ..failure.clone()
    };
    unusable(ask, Obstacle::Store, failure)
}

/// The same after the claim; it is given back, if that can be written.
pub(super) fn not_marked(ask: &Ask, spend: &Spend, failure: &Failure, was_sent: bool) -> Ending {
    let mut ending = store_failed(ask, failure, was_sent);
    ending.release = Some(spend.fingerprint);
    ending
}

/// An input that does not belong to the state.
pub(super) fn astray(ask: &Ask, input: &Input) -> Ending {
    let failure = Failure::new(Code::Internal, "the renewal lost its thread").with_remedy(Remedy::Report);
    unusable(ask, Obstacle::Store, failure.with_detail(format!("{input:?}")))
}

/// The standing of a credential that was just renewed.
pub(super) fn standing_after_success(ask: &Ask, before: &Record, now: &Moment) -> Standing {
    let (generation, before) = (before.generation.next(), &before.standing);
    let beside = before.resting(now.wall);
    let health = match &before.health {
        // A limit, a plan or a suspension is not lifted by a new token.
        kept @ (Health::Cooling { .. } | Health::NotEntitled { .. } | Health::AccountDisabled { .. }) => kept.clone(),
        Health::Ready
        | Health::OutcomeUnknown { .. }
        | Health::Quarantined { .. }
        | Health::NeedsLogin { .. }
        | Health::Unsaved { .. }
        | Health::LoggedOut { .. } => beside.map_or(Health::Ready, |rest| rest.health(generation)),
    };
    Standing {
        health,
        strikes: beside.map_or(before.strikes, |rest| rest.strikes),
        rest: None,
        restored_at: None,
        minted: Some(Box::new(Minted {
            at: now.clone(),
            reactive: matches!(ask.reason, Reason::Refused | Reason::Denied),
        })),
        rejections: 0,
        rejected_since: None,
        renew_not_before: None,
        keep_not_before: None,
        put_off_at: None,
        last_error: match before.health {
            Health::Cooling { .. } | Health::NotEntitled { .. } | Health::AccountDisabled { .. } => {
                before.last_error.clone()
            }
            _ => None,
        },
        ..Standing::clone(before)
    }
}

/// What takes the grant's place: a login, where there is one.
pub(super) fn new_login(terms: &Terms, record: &Record) -> Remedy {
    anew(&situation(terms, record, None))
}

/// Where a renewal's verdict is earned.
pub(super) fn situation<'a>(terms: &'a Terms, record: &'a Record, reset: Option<Timestamp>) -> Situation<'a> {
    Situation {
        place: &terms.place,
        channel: Channel::Token,
        kind: Kind::Grant,
        label: Some(&record.label),
        owner: None,
        variable: None,
        reset,
    }
}

pub(super) fn login_host(record: &Record) -> String {
    match &record.material {
        Material::Grant(grant) => grant.login.authority.token_host.clone(),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => {
            record.provider.as_str().to_owned()
        }
    }
}

fn unusable(ask: &Ask, obstacle: Obstacle, failure: Failure) -> Ending {
    Ending::of(Renewed::Unusable {
        generation: ask.fence.generation,
        obstacle,
        failure,
    })
}

pub(super) fn unusable_at(record: &Record, obstacle: Obstacle, failure: Failure) -> Ending {
    Ending::of(Renewed::Unusable {
        generation: record.generation,
        obstacle,
        failure,
    })
}
