//! Entropy as a fraction, for jitter.

/// Between 0 and 1, 1 excluded.
pub(super) fn fraction(entropy: u64) -> f64 {
    // 53 bits are what an f64 holds exactly.
    (entropy >> 11) as f64 / (1_u64 << 53) as f64
}
