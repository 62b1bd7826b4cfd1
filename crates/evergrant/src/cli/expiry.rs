//! A time to come as it is typed: a span from now on, a day, or a moment.

use std::str::FromStr;
use std::time::Duration;

use evergrant_driver::Timestamp;

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// So long after now.
    After(Duration),
    /// At this moment.
    At(Timestamp),
}

impl Expiry {
    /// The moment that is meant, if it is still to come.
    pub(crate) fn from(self, now: Timestamp) -> Option<Timestamp> {
        let at = match self {
            Self::After(span) => now.plus(span),
            Self::At(at) => at,
        };
        (at > now).then_some(at)
    }
}

/// `90m`, `12h`, `30d`, `8w`, `2027-01-31`, `2027-01-31T12:00:00Z`
impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = Timestamp::parse_rfc3339(text).or_else(|| Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")));
        if let Some(at) = at {
            return Ok(Self::At(at));
        }
        let unit = text
            .chars()
            .last()
            .and_then(|unit| UNITS.iter().find(|(letter, _)| *letter == unit));
        let count = text
            .get(..text.len().saturating_sub(1))
            .and_then(|count| count.parse::<u32>().ok());
        match (count, unit) {
            (Some(count), Some((_, secs))) => Ok(Self::After(Duration::from_secs(u64::from(count) * secs))),
            (_, _) => Err("is no span like `30d` or `12h`, and no day like `2027-01-31`".to_owned()),
        }
    }
}

/// Letters that stand for a number of seconds.
const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        let now = Timestamp::from_secs(1_800_000_000);
        let read = text.parse::<Expiry>().ok().and_then(|expiry| expiry.from(now));
        assert_eq!(read.map(|at| at.as_millis() / 1_000), expected, "{text}");
    }

    #[test]
    fn spans_days_and_moments() {
        check("90m", Some(1_800_005_400));
        check("30d", Some(1_802_592_000));
        check("2027-01-31", Some(1_801_353_600));
        check("2027-01-31T12:00:00Z", Some(1_801_396_800));
        for bad in ["", "d", "soon", "30", "-1d", "2027-13-01", "0s", "2020-01-01", "ü"] {
            check(bad, None);
        }
    }
}
