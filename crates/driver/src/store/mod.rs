//! Where credentials are kept.
//!
//! Public for the tests and the torture harness, and hidden from the docs: a [`crate::Driver`] alone may write here, because it alone keeps the
//! rules by which a renewal is sent once.

mod contract;
mod exchange;
mod journal;
mod lock;
mod opening;
mod sqlite;
mod wire;

pub use contract::Store;
pub use exchange::{
    Backup, Changes, ClaimAnswer, Commit, CommitAnswer, Draft, Mark, Placement, Quarantine, RestoreAnswer, Restored,
    Version,
};
pub use journal::Journal;
pub(crate) use journal::{Found as FoundJournal, find as find_journal, ids as journals, path_of as journal_path};
pub use lock::{Held, Holder, LockName, this_process};
pub(crate) use lock::{Sidecar, read_sidecar};
pub use opening::open;
pub(crate) use sqlite::{Form, Trouble, index_of, log_of, reader, writer};
pub use sqlite::{Mode, SqliteStore};
pub(crate) use wire::{read_backup, write_backup};

pub use crate::fault::StoreFault;
