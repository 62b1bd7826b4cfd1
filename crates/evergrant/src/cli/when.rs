//! Times for people: how far off, in the two largest units.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use evergrant_driver::Timestamp;

/// What the wall clock says, for display only.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// `in 5 h 12 min`, `3 min ago`, `now`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let (ahead, behind) = (at.since(now), now.since(at));
    if ahead.as_secs() == 0 && behind.as_secs() == 0 {
        "now".to_owned()
    } else if ahead > behind {
        format!("in {}", span(ahead))
    } else {
        format!("{} ago", span(behind))
    }
}

/// `5 h 12 min`: the two largest units.
pub(crate) fn span(of: Duration) -> String {
    let secs = of.as_secs();
    let (minutes, hours, days) = (secs / 60, secs / 3_600, secs / 86_400);
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    if days > 0 {
        two(days, "d", hours % 24, "h")
    } else if hours > 0 {
        two(hours, "h", minutes % 60, "min")
    } else if minutes > 0 {
        two(minutes, "min", secs % 60, "s")
    } else {
        format!("{secs} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(secs: i64, text: &str) {
        let now = Timestamp::from_secs(1_800_000_000);
        assert_eq!(relative(Timestamp::from_secs(1_800_000_000 + secs), now), text);
    }

    #[test]
    fn the_two_largest_units() {
        check(0, "now");
        check(59, "in 59 s");
        check(60, "in 1 min");
        check(-200, "3 min 20 s ago");
        check(18_720, "in 5 h 12 min");
        check(-90_000, "1 d 1 h ago");
    }
}
