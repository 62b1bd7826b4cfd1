//! An import under way: what it works with, and how its entries end.

use std::collections::HashMap;
use std::path::PathBuf;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::Table;
use evergrant_engine::store::Record;

use super::report::{ImportedHow, Skipped};
use super::tool::Tool;
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::settings::Environment;
use crate::store::Store;

/// An import under way.
pub(crate) struct Work<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) ledger: &'a Ledger,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) table: &'a Table,
    pub(crate) environment: &'a Environment,
    /// Whose store it is.
    pub(crate) tool: Tool,
    /// Its file, links resolved.
    pub(crate) file: PathBuf,
    /// The token endpoint's host of each provider whose grants are taken over.
    pub(crate) hosts: HashMap<ProviderId, String>,
    /// What undoes a taking of this file.
    pub(crate) undo: String,
}

impl Work<'_> {
    /// Everything that the store holds now.
    pub(super) fn records(&self) -> Result<Vec<Record>, Failure> {
        Ok(self.store.records()?)
    }
}

/// One entry's end: here, or left where it is for a reason.
pub(crate) type Outcome = Result<Done, Skipped>;

/// An entry that is here now.
pub(crate) struct Done {
    pub(crate) record: Record,
    pub(crate) how: ImportedHow,
    /// Where the tool's own copy is kept.
    pub(crate) backup: Option<PathBuf>,
    /// What undoes it.
    pub(crate) undo: Option<String>,
}

/// An entry that is left where it is.
pub(super) fn skipped(entry: &str, why: String) -> Outcome {
    Err(Skipped {
        entry: entry.to_owned(),
        why,
    })
}

/// Why a grant of the tool is not wanted where ours is alive.
pub(super) fn ours_already(own: &Record) -> String {
    format!(
        "`{}` at {} is a login of the same account, and ours already: `evergrant logout {}` first, if the tool's is to be used instead",
        own.label, own.provider, own.id
    )
}
