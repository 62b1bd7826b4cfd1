//! Whether a credential can be used now, after a renewal, later or not at all.

use std::time::Duration;

use super::member::{Life, Member};
use crate::store::{Health, Standing};
use crate::time::{Moment, Timestamp};
use crate::vocabulary::Verdict;

/// Whether a credential can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// As it is.
    Now,
    /// Once it is renewed.
    AfterRenewal {
        /// Whether the present token would still be accepted, as far as is known.
        still_good: bool,
    },
    /// Once its owner's file is read again.
    AfterReread,
    /// Not yet, except for a probe.
    NotBefore {
        /// When.
        until: Timestamp,
        /// Why not now.
        why: Verdict,
    },
    /// Not without the user.
    Never(Bar),
}

/// What only the user can lift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bar {
    /// The user switched it off.
    Disabled,
    /// It was logged out.
    LoggedOut,
    /// The provider ended the grant, and its last access token is of no use any more.
    GrantDead,
    /// It needs a login for this reason.
    NeedsLogin(String),
    /// It could not be saved, and what is in hand has expired.
    Unsaved,
}

/// Whether a credential can be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewability {
    /// Now.
    Now,
    /// Not before this time, because an earlier renewal was put off or rejected.
    NotBefore(Timestamp),
    /// Never: there is nothing to renew it with.
    Never,
}

/// Whether the member can be renewed, whatever cooldown stands.
pub fn renewability(member: &Member, now: &Moment) -> Renewability {
    let has_token = matches!(member.life, Life::Token { renewable: true, .. });
    match &member.standing.health {
        Health::Quarantined { .. } | Health::NeedsLogin { .. } | Health::Unsaved { .. } | Health::LoggedOut { .. } => {
            Renewability::Never
        }
        Health::Ready
        | Health::Cooling { .. }
        | Health::OutcomeUnknown { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. } => match member.standing.held_until(now) {
            _ if !has_token || member.standing.disabled => Renewability::Never,
            Some(until) if until.since(now.wall) > RENEWAL_SITS_OUT => Renewability::NotBefore(until),
            Some(_) | None => Renewability::Now,
        },
    }
}

/// Whether the member can be used for at least `min_valid` more; cooldowns count.
pub fn readiness(member: &Member, min_valid: Duration, now: &Moment) -> Readiness {
    let lifted = |why| {
        let earned = member.standing.last_error.as_ref().map(|error| error.generation);
        why == Verdict::Unauthenticated && earned != Some(member.lease.fence.generation)
    };
    match cooling(&member.standing, now) {
        // A refused token's cooldown ends with that token.
        Some((_, why)) if lifted(why) => secret(member, min_valid, now),
        Some((until, why)) if !member.standing.disabled => Readiness::NotBefore { until, why },
        Some(_) | None => secret(member, min_valid, now),
    }
}

/// The cooldown that stands, if one does.
pub(super) fn cooling(standing: &Standing, now: &Moment) -> Option<(Timestamp, Verdict)> {
    let (until, why) = match &standing.health {
        Health::Cooling { until, why } => (*until, *why),
        Health::NotEntitled { until, .. } => (*until, Verdict::NotEntitled),
        Health::AccountDisabled { until } => (*until, Verdict::AccountDisabled),
        Health::OutcomeUnknown { .. } | Health::Quarantined { .. } | Health::Unsaved { .. } => {
            return standing.resting(now.wall).map(|rest| (rest.until, rest.why));
        }
        Health::Ready | Health::NeedsLogin { .. } | Health::LoggedOut { .. } => return None,
    };
    (until > now.wall).then_some((until, why))
}

/// Whether the member's secret can be used, whatever cooldown stands.
pub fn secret(member: &Member, min_valid: Duration, now: &Moment) -> Readiness {
    if member.standing.disabled {
        return Readiness::Never(Bar::Disabled);
    }
    match &member.standing.health {
        Health::LoggedOut { .. } => Readiness::Never(Bar::LoggedOut),
        Health::NeedsLogin { why } => Readiness::Never(Bar::NeedsLogin(why.clone())),
        Health::Quarantined { .. } => while_it_lasts(member, now, Bar::GrantDead),
        // The spent token must not be sent again, so the received one serves for as long as it can.
        Health::Unsaved { .. } => while_it_lasts(member, now, Bar::Unsaved),
        Health::Ready
        | Health::Cooling { .. }
        | Health::OutcomeUnknown { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. } => by_life(member, min_valid, now),
    }
}

fn while_it_lasts(member: &Member, now: &Moment, bar: Bar) -> Readiness {
    if alive(member, now) && !member.is_refused() {
        Readiness::Now
    } else {
        Readiness::Never(bar)
    }
}

fn by_life(member: &Member, min_valid: Duration, now: &Moment) -> Readiness {
    match &member.life {
        Life::None => Readiness::Never(Bar::LoggedOut),
        Life::Open => Readiness::Now,
        Life::Borrowed { .. } if alive(member, now) && !member.is_refused() => Readiness::Now,
        Life::Borrowed { .. } => Readiness::AfterReread,
        Life::Token { .. } => token(member, min_valid, now),
    }
}

fn token(member: &Member, min_valid: Duration, now: &Moment) -> Readiness {
    let left = member.remaining(now);
    let still_good = left.is_none_or(|left| !left.is_zero()) && !member.is_refused();
    if still_good && left.is_none_or(|left| left >= member.floor(min_valid)) {
        return Readiness::Now;
    }
    match (still_good, renewability(member, now)) {
        (still_good, Renewability::Now) => Readiness::AfterRenewal { still_good },
        (true, Renewability::NotBefore(_) | Renewability::Never) => Readiness::Now,
        (false, Renewability::NotBefore(until)) => Readiness::NotBefore {
            until,
            why: Verdict::Transient,
        },
        (false, Renewability::Never) => Readiness::Never(Bar::NeedsLogin(NO_REFRESH_TOKEN.to_owned())),
    }
}

fn alive(member: &Member, now: &Moment) -> bool {
    member.remaining(now).is_none_or(|left| !left.is_zero())
}

/// What `status` says of a grant that came without a refresh token, once its access token is of no use.
const NO_REFRESH_TOKEN: &str = "the access token is used up and the login gave no refresh token";

/// A renewal that is asked for by a request sits out a hold of at most this, so that the request need not fail for it.
pub(super) const RENEWAL_SITS_OUT: Duration = Duration::from_secs(10);
