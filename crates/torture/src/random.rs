//! Draws that a seed repeats (SplitMix64, after Steele, Lea and Flood 2014).

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// A source of draws.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64, of: u64) -> Self {
        Self(seed ^ of.wrapping_add(1).wrapping_mul(GOLDEN))
    }

    /// A seed nobody chose.
    pub(crate) fn drawn_seed() -> u64 {
        // Short enough to be typed again.
        RandomState::new().hash_one("seed") % 1_000_000_000
    }

    /// Any number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit; 0 where the limit is.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        match self.next().checked_rem(limit) {
            Some(drawn) => drawn,
            None => 0,
        }
    }

    /// A moment below the limit, to the microsecond.
    pub(crate) fn moment(&mut self, below: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(below.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// 2^64 divided by the golden ratio, the odd constant of SplitMix64.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
