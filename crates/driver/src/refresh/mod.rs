//! Renewing a grant: one flight a grant, on a runtime of its own, by the engine's machine.

mod flight;
mod hands;
mod perform;

pub(crate) use flight::Renewals;
pub(crate) use hands::{Tools, revoke};
pub use perform::Recorded;
