//! What is kept of a credential, and how what is on disk is held against what is in memory.

mod record;

pub use record::{Claim, ClaimOwner, ClaimState, Health, LastError, Minted, Owner, Record, Source, Standing};
