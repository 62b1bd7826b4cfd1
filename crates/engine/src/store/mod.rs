//! What is kept of a credential, and how what is on disk is held against what is in memory.

mod amend;
mod merge;
mod record;
mod rest;
mod restore;
#[cfg(test)]
mod restore_tests;
mod revocation;
mod shared;

pub use amend::amend;
pub use merge::{Decision, Newcomer, is_another, is_same, place};
pub use record::{
    Claim, ClaimOwner, ClaimState, HOLD_MAX, Health, LastError, Minted, ModelPause, Owner, Record, Rest, Source,
    Standing, settle,
};
pub use restore::{Left, Past, Restoration, restoration, restored};
pub use revocation::Revocation;
pub use shared::Shared;
