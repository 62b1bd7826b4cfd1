//! Where credentials are kept.

mod contract;
mod exchange;
mod journal;
mod lock;
mod opening;
mod sqlite;
mod wire;

pub use contract::Store;
pub use exchange::{ClaimAnswer, Commit, CommitAnswer, Draft, Placement, Quarantine, Version};
pub use journal::Journal;
pub use lock::{Held, Holder, LockName, this_process};
pub use opening::open;
pub use sqlite::{Mode, SqliteStore};

pub use crate::fault::StoreFault;
