//! When a grant is renewed ahead of its expiry.

use std::time::Duration;

use super::jitter::fraction;
use crate::credential::{Grant, Material};
use crate::provider::OAuth;
use crate::store::{Health, Record};
use crate::time::Timestamp;

/// When the keeper renews this record; `None` if it cannot or need not be renewed. `entropy` is drawn once per process,
/// so that several keepers of one grant do not wake in step.
pub fn renew_at(record: &Record, oauth: &OAuth, entropy: u64) -> Option<Timestamp> {
    let Material::Grant(grant) = &record.material else {
        return None;
    };
    grant.refresh_token.as_ref()?;
    if record.standing.disabled
        || matches!(
            record.standing.health,
            // What is not saved yet is being saved by the renewal that received it.
            Health::Quarantined { .. } | Health::LoggedOut { .. } | Health::Unsaved { .. }
        )
    {
        return None;
    }
    if let Health::OutcomeUnknown { .. } = record.standing.health {
        // Nothing is sent before the access token has lapsed.
        return grant
            .expires_at()
            .map(|lapse| record.standing.renew_not_before.map_or(lapse, |hold| lapse.max(hold)));
    }
    let by_expiry = grant.lifetime.map(|lifetime| {
        let lead = lead(lifetime, oauth.lead);
        grant
            .obtained
            .wall
            .plus(lifetime - lead - lead.mul_f64(JITTER * fraction(entropy)).min(lifetime - lead))
    });
    let by_idling = oauth
        .idle
        .map(|idle| grant.obtained.wall.plus(idle.mul_f64(IDLE_SHARE)));
    let due = match (by_expiry, by_idling) {
        (Some(one), Some(other)) => one.min(other),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    Some(record.standing.renew_not_before.map_or(due, |hold| due.max(hold)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lifetime_secs: u64, of_row: Option<u64>, lead_secs: u64) {
        let lead = lead(Duration::from_secs(lifetime_secs), of_row.map(Duration::from_secs));
        assert_eq!(lead.as_secs(), lead_secs);
    }

    #[test]
    fn leads() {
        check(6 * 3_600, None, 300);
        check(900, None, 90);
        check(60, None, 15);
        check(900, Some(30), 30);
        check(100, Some(300), 25);
    }
}
