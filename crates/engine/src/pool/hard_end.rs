//! The end that some providers set to every grant, whatever is renewed: told of in time.

use std::time::Duration;

use super::condition::Condition;
use super::member::Member;
use crate::credential::Label;
use crate::failure::Code;
use crate::remedy::Remedy;
use crate::store::Health;
use crate::time::{Moment, Timestamp};

/// How near the hard end of a grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nearness {
    /// More than a week.
    Far,
    /// A week or less.
    Week,
    /// A day or less.
    Day,
    /// It is over.
    Over,
}

/// How near that end is.
pub fn nearness(hard_end: Timestamp, now: &Moment) -> Nearness {
    match hard_end.since(now.wall) {
        left if left.is_zero() => Nearness::Over,
        left if left <= DAY => Nearness::Day,
        left if left <= WEEK => Nearness::Week,
        _ => Nearness::Far,
    }
}

/// What is said of a grant that the provider has ended when its time had come.
pub fn over(label: &Label, hard_end: Timestamp) -> String {
    format!("the login `{label}` was good until {hard_end}, and the provider has ended it")
}

/// What is said of it in a log; nothing while it is far.
pub fn warning(hard_end: Timestamp, near: Nearness) -> Option<String> {
    match near {
        Nearness::Far => None,
        Nearness::Week | Nearness::Day => Some(format!(
            "the login ends at {hard_end}, whatever is renewed: log in again before"
        )),
        Nearness::Over => Some(format!(
            "the login was good until {hard_end}: it serves until the provider refuses it"
        )),
    }
}

/// How a grant with a hard end stands: a warning when it is near, and the reason when the provider has ended it then.
#[must_use]
pub(super) fn ends(
    condition: Condition,
    member: &Member,
    hard_end: Timestamp,
    login: Remedy,
    now: &Moment,
) -> Condition {
    match &member.standing.health {
        Health::Quarantined { at, .. } if hard_end.since(*at) <= TOLERANCE => Condition {
            health: "needs-login",
            code: Some(Code::NeedsLogin),
            why: Some(over(&member.lease.label, hard_end)),
            remedy: Some(login),
            ..condition
        },
        Health::Quarantined { .. } | Health::NeedsLogin { .. } | Health::LoggedOut { .. } => condition,
        Health::Ready
        | Health::Cooling { .. }
        | Health::OutcomeUnknown { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. }
        | Health::Unsaved { .. } => match warning(hard_end, nearness(hard_end, now)) {
            Some(warning) => Condition {
                why: Some(match condition.why {
                    Some(why) => format!("{why}; {warning}"),
                    None => warning,
                }),
                remedy: Some(condition.remedy.unwrap_or(login)),
                ..condition
            },
            None => condition,
        },
    }
}

/// A week before the end is early enough to find an hour for a login.
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// A day before it is the last time that everyone is awake once.
const DAY: Duration = Duration::from_secs(86_400);

/// An hour: the provider counts by its own clock, and from its own side of the login.
const TOLERANCE: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_nearer() {
        let now = Moment {
            wall: Timestamp::from_secs(1_800_000_000),
            ..Moment::default()
        };
        let near = |secs: i64| nearness(Timestamp::from_secs(1_800_000_000 + secs), &now);
        assert_eq!(near(30 * 86_400), Nearness::Far);
        assert_eq!(near(7 * 86_400), Nearness::Week);
        assert_eq!(near(86_400), Nearness::Day);
        assert_eq!(near(1), Nearness::Day);
        assert_eq!(near(0), Nearness::Over);
        assert_eq!(near(-1), Nearness::Over);
        assert_eq!(warning(now.wall, Nearness::Far), None);
    }
}
