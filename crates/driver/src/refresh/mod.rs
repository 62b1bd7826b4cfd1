//! Renewing a grant: one flight a grant, on a runtime of its own, by the engine's machine.

mod board;
#[cfg(test)]
mod board_tests;
mod closing;
mod counting;
mod flight;
mod hands;
mod perform;
mod recorded;
mod revoking;
mod saving;
mod standing;
mod tools;

pub(crate) use flight::Renewals;
pub use recorded::Recorded;
pub(crate) use revoking::{REVOCATION_PATIENCE, Settled, revoke};
pub(crate) use tools::Tools;
