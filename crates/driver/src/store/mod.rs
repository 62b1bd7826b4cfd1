//! Where credentials are kept.

mod contract;

pub use contract::{ClaimAnswer, Commit, CommitAnswer, Draft, Placement, Quarantine, Store, StoreFault, Version};
