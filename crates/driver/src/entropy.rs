//! Randomness of the operating system, for keys, nonces, states, verifiers and jitter.
//!
//! Public for the command line, which draws from the same source, and hidden from the docs: no part of the contract.

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

/// Entropy for jitter, which nobody gains by guessing: drawn from keys of this process's own, without asking the system each time.
pub fn jitter() -> u64 {
    RandomState::new().build_hasher().finish()
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
