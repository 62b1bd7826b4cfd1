//! What came of a restore.

use evergrant_engine::credential::{Label, ProviderId};
use evergrant_engine::time::Timestamp;

use crate::account::Account;

/// What came of it, in the order of the backup.
#[derive(Clone, Debug)]
pub struct RestoredReport {
    /// When the backup was made.
    pub taken_at: Timestamp,
    /// Each credential of it.
    pub credentials: Vec<RestoredOne>,
}

/// One credential of a backup.
#[derive(Clone, Debug)]
pub struct RestoredOne {
    /// Its provider.
    pub provider: ProviderId,
    /// What it was called when the backup was made.
    pub label: Label,
    /// What became of it.
    pub end: Restoration,
}

/// What became of one credential of a backup.
#[derive(Clone, Debug)]
pub enum Restoration {
    /// It is here again.
    Back {
        /// As it is now.
        account: Box<Account>,
        /// Whether its provider has a row here.
        has_row: bool,
    },
    /// It was left out.
    Left {
        /// The stable word for why: `here`, `ended`, `spent`, `dead`, `revoking`, `empty`.
        word: &'static str,
        /// Why, in one sentence without a full stop.
        why: String,
    },
}

impl RestoredReport {
    /// Those that are here again.
    pub fn back(&self) -> impl Iterator<Item = &Account> {
        self.credentials.iter().filter_map(|one| match &one.end {
            Restoration::Back { account, .. } => Some(&**account),
            Restoration::Left { .. } => None,
        })
    }
}
