//! When a grant is renewed ahead of its expiry, by the pessimistic of the two clocks.

use std::time::Duration;

use super::jitter::fraction;
use crate::credential::{Grant, Material};
use crate::provider::OAuth;
use crate::store::{Health, Record, settle};
use crate::time::{Moment, Timestamp};

/// How long until the keeper renews this record, zero if it is due; `None` if it cannot or need not be renewed. `entropy`
/// is drawn once per process, so that several keepers of one grant do not wake in step.
pub fn renew_in(record: &Record, oauth: &OAuth, entropy: u64, now: &Moment) -> Option<Duration> {
    let due = due(record, oauth, entropy, now)?;
    Some(due.left(now).max(record.standing.kept_off_for(now)))
}

/// When that is, for people. What is overdue was due at that time; a keeper or the next request renews it.
pub fn next_renewal(record: &Record, oauth: &OAuth, now: &Moment) -> Option<Timestamp> {
    let due = due(record, oauth, 0, now)?;
    let (left, told) = (due.left(now), due.of.wall.plus(due.after));
    let at = if left.is_zero() {
        told.min(now.wall)
    } else {
        settle(now.wall.plus(left), told)
    };
    let standing = &record.standing;
    let kept_off = standing.kept_off_for(now);
    if kept_off.is_zero() {
        return Some(at);
    }
    let told = standing.keep_not_before.max(standing.renew_not_before);
    let until = now.wall.plus(kept_off);
    Some(at.max(told.map_or(until, |told| settle(until, told))))
}

/// When a renewal is due: so long after a moment.
struct Due {
    of: Moment,
    after: Duration,
}

impl Due {
    fn left(&self, now: &Moment) -> Duration {
        self.after.saturating_sub(now.pessimistic_since(&self.of))
    }
}

fn due(record: &Record, oauth: &OAuth, entropy: u64, now: &Moment) -> Option<Due> {
    let Material::Grant(grant) = &record.material else {
        return None;
    };
    grant.refresh_token.as_ref()?;
    if record.standing.disabled {
        return None;
    }
    match record.standing.health {
        // What is not saved yet is being saved by the renewal that received it.
        Health::Quarantined { .. } | Health::NeedsLogin { .. } | Health::LoggedOut { .. } | Health::Unsaved { .. } => {
            None
        }
        Health::OutcomeUnknown { since } => when_nothing_is_left_to_lose(record, grant, oauth, since, now),
        Health::Ready | Health::Cooling { .. } | Health::NotEntitled { .. } | Health::AccountDisabled { .. } => {
            ahead_of_time(grant, oauth, entropy)
        }
    }
}

/// Nothing is sent before the access token has lapsed, but for the once that a known grace allows.
fn when_nothing_is_left_to_lose(
    record: &Record,
    grant: &Grant,
    oauth: &OAuth,
    since: Timestamp,
    now: &Moment,
) -> Option<Due> {
    let refused = record.standing.refused == Some(record.generation);
    let of = grant.obtained.clone();
    // A grace is for a send of our own.
    let by_grace = !record.standing.is_restored() && now.wall.since(since) < oauth.reuse_grace;
    if refused || by_grace {
        let after = Duration::ZERO;
        return Some(Due { of, after });
    }
    grant.lifetime.map(|after| Due { of, after })
}

fn ahead_of_time(grant: &Grant, oauth: &OAuth, entropy: u64) -> Option<Due> {
    let by_expiry = grant.lifetime.map(|lifetime| {
        let lead = lead(lifetime, oauth.lead);
        lifetime - lead - lead.mul_f64(JITTER * fraction(entropy)).min(lifetime - lead)
    });
    let by_idling = oauth.idle.map(|idle| idle.mul_f64(IDLE_SHARE));
    let after = match (by_expiry, by_idling) {
        (Some(one), Some(other)) => one.min(other),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    let of = grant.obtained.clone();
    Some(Due { of, after })
}

/// How long before expiry a token of this lifetime is renewed.
pub fn lead(lifetime: Duration, of_row: Option<Duration>) -> Duration {
    let usual = (lifetime / 10).clamp(LEAD_MIN, LEAD_MAX);
    of_row.unwrap_or(usual).min(lifetime / 4)
}

/// Below how much remaining life a caller waits for a renewal instead of using what there is.
pub fn too_short(grant: &Grant, min_valid: Duration) -> Duration {
    let share = grant
        .lifetime
        .map_or(CALLER_SHARE_MAX, |lifetime| (lifetime / 10).min(CALLER_SHARE_MAX));
    min_valid.max(share)
}

/// 60 s: a shorter lead would leave no room for one failed try.
const LEAD_MIN: Duration = Duration::from_secs(60);

/// 5 min: a longer lead would only rotate more often.
const LEAD_MAX: Duration = Duration::from_secs(300);

/// A tenth of the lead is spread over the processes.
const JITTER: f64 = 0.1;

/// An idle grant is renewed when two thirds of its idle limit are over.
const IDLE_SHARE: f64 = 2.0 / 3.0;

/// 10 s: with less left than this a request could outlive its token.
const CALLER_SHARE_MAX: Duration = Duration::from_secs(10);
