//! Points in time, as numbers that are handed in: the wall clock, the boot clock, and both together.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::protection::{Protection, stands};

/// Milliseconds since the Unix epoch by the wall clock, which can be stepped at any time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first that can be told.
    pub const FIRST: Self = Self(i64::MIN);
    /// The last that can be told.
    pub const LAST: Self = Self(i64::MAX);

    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the Unix epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The point `after` later; saturates instead of overflowing.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The point `before` earlier; saturates instead of overflowing.
    #[must_use]
    pub fn minus(self, before: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(before.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.millis_since(earlier))
    }

    fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// For people, in UTC with whole seconds: `14:05:09 UTC on 15 January 2027`.
    pub fn in_words(self) -> String {
        let Ok(at) = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1_000)) else {
            return "out of range".to_owned();
        };
        let (hour, minute, second) = at.to_hms();
        format!(
            "{hour:02}:{minute:02}:{second:02} UTC on {} {} {}",
            at.day(),
            at.month(),
            at.year()
        )
    }

    /// Reads RFC 3339.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(parsed.unix_timestamp_nanos() / 1_000_000).ok().map(Self)
    }
}

/// RFC 3339 in UTC, with whole seconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1_000))
            .ok()
            .and_then(|at| at.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("out of range"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Milliseconds since boot by a clock that goes on while the machine sleeps and is never stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct BootTime(u64);

impl BootTime {
    /// From milliseconds since boot.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since boot.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point `after` later.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is not later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.millis_since(earlier))
    }

    const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Which boot of which machine a [`BootTime`] belongs to; two boot times compare only if this is the same.
/// It lies in place, because a request reads the clocks several times.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootId {
    length: u8,
    text: [u8; BOOT_ID_LENGTH],
}

impl BootId {
    /// The text as it is.
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.length)).unwrap_or_default();
        // It was cut between two characters.
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl From<&str> for BootId {
    /// What does not fit is left out: no system has an id as long.
    fn from(text: &str) -> Self {
        let fits = |at: &usize| text.is_char_boundary(*at);
        let kept = (0..=text.len().min(BOOT_ID_LENGTH))
            .rev()
            .find(fits)
            .unwrap_or_default();
        let mut id = Self::default();
        id.text[..kept].copy_from_slice(&text.as_bytes()[..kept]);
        id.length = u8::try_from(kept).unwrap_or_default();
        id
    }
}

impl Default for BootId {
    fn default() -> Self {
        Self {
            length: 0,
            text: [0; BOOT_ID_LENGTH],
        }
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootId({:?})", self.as_str())
    }
}

/// Both clocks, read together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// The boot clock.
    pub boot: BootTime,
    /// The boot that `boot` counts from.
    pub boot_id: BootId,
}

impl Moment {
    /// How much time passed since `earlier`: by the boot clock within one boot, else by the wall clock.
    pub fn since(&self, earlier: &Self) -> Duration {
        Duration::from_millis(self.millis_since(earlier))
    }

    fn millis_since(&self, earlier: &Self) -> u64 {
        if self.boot_id == earlier.boot_id && stands(Protection::BothClocks) {
            self.boot.millis_since(earlier.boot)
        } else {
            self.wall.millis_since(earlier.wall)
        }
    }

    /// The same; `None` if that was before a restart and by a wall clock that has been set back since, so that nothing
    /// tells how long ago it was.
    pub fn known_since(&self, earlier: &Self) -> Option<Duration> {
        let tells = self.boot_id == earlier.boot_id || self.wall >= earlier.wall;
        tells.then(|| self.since(earlier))
    }

    /// The longer of what the two clocks say has passed; for expiry, where believing the slower clock serves a dead token.
    pub fn pessimistic_since(&self, earlier: &Self) -> Duration {
        Duration::from_millis(self.millis_since(earlier).max(self.wall.millis_since(earlier.wall)))
    }

    /// The moment `after` later on both clocks.
    #[must_use]
    pub fn plus(&self, after: Duration) -> Self {
        Self {
            wall: self.wall.plus(after),
            boot: self.boot.plus(after),
            boot_id: self.boot_id,
        }
    }
}

/// 47 bytes: Linux has 36, and what is reckoned elsewhere has fewer.
const BOOT_ID_LENGTH: usize = 47;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trip() {
        let at = Timestamp::from_secs(1_800_000_000);
        assert_eq!(Timestamp::parse_rfc3339(&at.to_string()), Some(at));
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "out of range");
    }

    #[test]
    fn a_wall_clock_set_back_does_not_stop_time() {
        let start = Moment {
            wall: Timestamp::from_secs(1_000_000),
            boot: BootTime::from_millis(5_000),
            boot_id: BootId::from("b"),
        };
        let later = Moment {
            wall: Timestamp::from_secs(0),
            boot: BootTime::from_millis(65_000),
            boot_id: BootId::from("b"),
        };
        assert_eq!(later.since(&start), Duration::from_secs(60));
        assert_eq!(later.pessimistic_since(&start), Duration::from_secs(60));
    }

    #[test]
    fn a_frozen_boot_clock_does_not_keep_a_token_alive() {
        let start = Moment {
            wall: Timestamp::from_secs(0),
            boot: BootTime::from_millis(5_000),
            boot_id: BootId::from("b"),
        };
        let later = Moment {
            wall: Timestamp::from_secs(28_800),
            ..start.clone()
        };
        assert_eq!(later.pessimistic_since(&start), Duration::from_secs(28_800));
    }
}
