//! Half-open: while a credential cools down, a request goes through now and then, so that a lifted limit is found.

use std::time::Duration;

use super::health::{RENEWAL_SITS_OUT, Readiness, readiness, secret};
use super::member::Member;
use crate::time::{BootTime, Moment, Timestamp};
use crate::vocabulary::Channel;

/// Whether a request may be such a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probing {
    /// It may, even where somebody else is ready.
    Early,
    /// Only where nobody is ready: it has tried somebody already, and one probe a request is enough.
    Late,
    /// Never: nobody would hear how it went.
    Never,
}

/// How a member stands towards a request, for as long as it is known to stay so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    pub(super) standing: Prospect,
    /// When that may change by itself; `None` is "not before its record does".
    pub(super) changes_at: Option<Timestamp>,
}

/// Whether a member can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prospect {
    /// As it is, or once it is renewed or read again.
    Ready,
    /// It cools down, and a probe is due.
    Due,
    /// Not now.
    Resting,
}

/// Whether it can be used, without regard to how long that stays so.
pub(super) fn prospect(
    member: &Member,
    last: impl FnOnce() -> Option<BootTime>,
    min_valid: Duration,
    now: &Moment,
) -> Prospect {
    match readiness(member, min_valid, now) {
        Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread => Prospect::Ready,
        Readiness::NotBefore { .. } | Readiness::Never(_) => outlook(member, last, min_valid, now).standing,
    }
}

/// How the member stands; `last` tells when this process sent it last, and is asked only where that matters.
pub(super) fn outlook(
    member: &Member,
    last: impl FnOnce() -> Option<BootTime>,
    min_valid: Duration,
    now: &Moment,
) -> Outlook {
    let (standing, changes_at) = match readiness(member, min_valid, now) {
        Readiness::Now => (Prospect::Ready, expiry(member, now)),
        Readiness::AfterRenewal { .. } | Readiness::AfterReread => (Prospect::Ready, None),
        Readiness::NotBefore { until, .. } => match secret(member, min_valid, now) {
            Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread => {
                let rest = until.since(now.wall);
                match quiet(member, last(), now) {
                    Some(quiet) if quiet < interval(rest) => {
                        let due = now.wall.plus(left_until_due(quiet, rest));
                        (Prospect::Resting, Some(due.min(until)))
                    }
                    Some(_) | None => (Prospect::Due, Some(until)),
                }
            }
            // Its renewal is held back, and may be asked for a little before the hold is over.
            Readiness::NotBefore { until, .. } => {
                let asked = until.minus(RENEWAL_SITS_OUT).max(now.wall.plus(HELD));
                (Prospect::Resting, Some(asked))
            }
            Readiness::Never(_) => (Prospect::Resting, Some(until)),
        },
        Readiness::Never(_) => (Prospect::Resting, None),
    };
    Outlook { standing, changes_at }
}

/// How long nobody has asked with it: this process by its own memory, the others by the refusal they have left.
fn quiet(member: &Member, last: Option<BootTime>, now: &Moment) -> Option<Duration> {
    let here = last.map(|last| now.boot.since(last));
    let error = member.standing.last_error.as_ref();
    // What a clock that was set back since says of the future says nothing of how long ago it was.
    let anywhere = error.filter(|error| error.channel == Channel::Inference && error.at <= now.wall);
    let beside = member.standing.resting(now.wall).map(|rest| rest.refused_at);
    let anywhere = anywhere
        .map(|error| error.at)
        .max(beside.filter(|at| *at <= now.wall))
        .map(|at| now.wall.since(at));
    match (here, anywhere) {
        (Some(here), Some(anywhere)) => Some(here.min(anywhere)),
        (here, anywhere) => here.or(anywhere),
    }
}

/// How long after the last request another one may go through as a probe, while this much of a cooldown is left.
pub(super) fn interval(rest: Duration) -> Duration {
    (rest / SHARE).min(AT_MOST)
}

/// How long until the quiet is as long as the interval, which shrinks meanwhile.
fn left_until_due(quiet: Duration, rest: Duration) -> Duration {
    let by_share = (rest.saturating_sub(quiet * SHARE) / (SHARE + 1)).max(Duration::from_millis(1));
    by_share.min(AT_MOST.saturating_sub(quiet))
}

/// When its token ends, which may leave it with nothing.
fn expiry(member: &Member, now: &Moment) -> Option<Timestamp> {
    member.remaining(now).map(|left| now.wall.plus(left))
}

/// A tenth of what is left: near its end a cooldown is asked about more often.
const SHARE: u32 = 10;

/// A lifted limit or a top-up is found within a minute.
const AT_MOST: Duration = Duration::from_secs(60);

/// 1 s: a renewal that is held back is looked at no more often.
const HELD: Duration = Duration::from_secs(1);
