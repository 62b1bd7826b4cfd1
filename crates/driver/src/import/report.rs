//! What is asked of an import, and what came of it.

use std::path::PathBuf;

use super::tool::Tool;
use crate::account::Account;

/// An import as it is asked for.
#[derive(Clone, Debug)]
pub struct Import {
    /// Whose store.
    pub tool: Tool,
    /// Where it is; `None` is where the tool keeps it.
    pub from: Option<PathBuf>,
    /// What is to happen to it.
    pub way: ImportWay,
}

/// What is to happen to another tool's grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportWay {
    /// Their access tokens are used; they stay the tool's.
    Borrow,
    /// They become ours, and the tool's copies are set aside.
    Take,
    /// Those that were taken become the tool's again.
    GiveBack,
}

/// What came of an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The file.
    pub place: PathBuf,
    /// What is here now.
    pub credentials: Vec<ImportedOne>,
    /// What was left where it is.
    pub skipped: Vec<Skipped>,
}

/// One credential that was imported.
#[derive(Clone, Debug)]
pub struct ImportedOne {
    /// The credential, as it is now.
    pub account: Account,
    /// What happened to it.
    pub how: ImportedHow,
    /// Where the tool's own copy is kept.
    pub backup: Option<PathBuf>,
    /// What undoes it.
    pub undo: Option<String>,
}

/// What happened to a credential that was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportedHow {
    /// Its access token is used; it stays the tool's.
    Borrowed,
    /// It is ours now, and the tool's copy is set aside.
    Taken,
    /// A key, which both may use.
    Copied,
    /// It is the tool's again.
    Returned,
    /// It was here already.
    Unchanged,
}

impl ImportedHow {
    /// The word of the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Borrowed => "borrowed",
            Self::Taken => "taken",
            Self::Copied => "copied",
            Self::Returned => "returned",
            Self::Unchanged => "unchanged",
        }
    }
}

/// One entry that was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The entry, in the tool's terms.
    pub entry: String,
    /// Why.
    pub why: String,
}
