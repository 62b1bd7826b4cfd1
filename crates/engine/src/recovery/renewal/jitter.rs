//! Entropy as a fraction, for jitter, and the waits that are drawn with it.

use std::time::Duration;

use super::limits::{BACKOFF_MIN, IDLE_BACKOFF, IDLE_BACKOFF_FIRST};

/// Full jitter under this ceiling, but never nothing.
pub(super) fn full(ceiling: Duration, entropy: u64) -> Duration {
    ceiling.mul_f64(fraction(entropy)).max(BACKOFF_MIN)
}

/// What the keeper waits after so many failures in a row: full jitter under a doubling ceiling.
pub(super) fn idle(failures: u32, entropy: u64) -> Duration {
    let doubled = IDLE_BACKOFF_FIRST * 2_u32.saturating_pow(failures.clamp(1, 10) - 1);
    full(doubled.min(IDLE_BACKOFF), entropy)
}

/// Between 0 and 1, 1 excluded.
pub(super) fn fraction(entropy: u64) -> f64 {
    // 53 bits are what an f64 holds exactly.
    (entropy >> 11) as f64 / (1_u64 << 53) as f64
}
