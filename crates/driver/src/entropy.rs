//! Randomness of the operating system, for keys, nonces, states, verifiers and jitter.
//!
//! Public for the command line, which draws from the same source, and hidden from the docs: no part of the contract.

use std::cell::Cell;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;

/// The system had no randomness to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no randomness: {detail}")]
pub struct NoEntropy {
    /// What the system said.
    pub detail: String,
}

impl From<NoEntropy> for Failure {
    fn from(fault: NoEntropy) -> Self {
        Self::new(Code::Internal, fault.to_string()).with_remedy(Remedy::Report)
    }
}

/// `N` random bytes, fit for secrets.
pub fn random<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| NoEntropy {
        detail: error.to_string(),
    })?;
    Ok(bytes)
}

/// Entropy for jitter, which nobody gains by guessing: SplitMix64 (Steele, Lea and Flood, 2014) from a key of each thread's own,
/// without asking the system each time.
pub fn jitter() -> u64 {
    thread_local! {
        static DRAWN: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
    }
    let drawn = DRAWN.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    DRAWN.set(drawn);
    let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
        assert_ne!(jitter(), jitter());
    }
}
