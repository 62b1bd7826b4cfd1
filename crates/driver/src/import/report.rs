//! What is asked of an import, and what came of it.

use std::path::PathBuf;

use super::tool::Tool;
use crate::account::Account;

/// An import as it is asked for.
///
/// ```
/// use evergrant_driver::{Import, ImportWay, Tool};
///
/// // Nothing of the tool's is changed, and it goes on renewing what it owns.
/// let import = Import { tool: Tool::Hermes, from: None, way: ImportWay::Borrow };
/// assert_eq!(import.tool.as_str(), "hermes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # use evergrant_driver::{Import, ImportWay, Tool};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let file = folder.path().join("auth.json");
/// # std::fs::write(&file, r#"{"OPENAI_API_KEY": null, "tokens": null}"#)?;
/// // Nothing in the file can be taken over: the tool's copy stays as it is, and the failure says why.
/// let import = Import { tool: Tool::Codex, from: Some(file.clone()), way: ImportWay::Take };
/// assert!(driver.import(import).await.is_err());
/// assert!(std::fs::read_to_string(file)?.contains("OPENAI_API_KEY"));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// # use evergrant_driver::{Import, ImportWay, Tool};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let file = folder.path().join("auth.json");
/// # std::fs::write(&file, r#"{"OPENAI_API_KEY": "sk-proj-0123456789", "tokens": null}"#)?;
/// let import = Import { tool: Tool::Codex, from: Some(file), way: ImportWay::Borrow };
/// let imported = driver.import(import).await?;
/// assert!(imported.place.ends_with("auth.json"));
/// assert_eq!((imported.credentials.len(), imported.skipped.len()), (1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The file.
    pub place: PathBuf,
    /// What is here now.
    pub credentials: Vec<ImportedOne>,
    /// What was left where it is.
    pub skipped: Vec<Skipped>,
}

/// One credential that was imported.
///
/// ```
/// # use evergrant_driver::{Import, ImportWay, Tool};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let file = folder.path().join("auth.json");
/// # std::fs::write(&file, r#"{"OPENAI_API_KEY": "sk-proj-0123456789", "tokens": null}"#)?;
/// let import = Import { tool: Tool::Codex, from: Some(file), way: ImportWay::Borrow };
/// let one = &driver.import(import).await?.credentials[0];
/// // A key was copied: no copy of the tool's had to be set aside.
/// assert_eq!((one.how.as_str(), one.backup.as_ref()), ("copied", None));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
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
///
/// ```
/// # use evergrant_driver::ImportedHow;
/// # use evergrant_driver::{Import, ImportWay, Tool};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let file = folder.path().join("auth.json");
/// # std::fs::write(&file, r#"{"OPENAI_API_KEY": "sk-proj-0123456789", "tokens": null}"#)?;
/// let import = Import { tool: Tool::Codex, from: Some(file), way: ImportWay::Borrow };
/// driver.import(import.clone()).await?;
/// // Once more is no harm.
/// assert_eq!(driver.import(import).await?.credentials[0].how, ImportedHow::Unchanged);
/// # Ok(())
/// # }
/// ```
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
    ///
    /// ```
    /// use evergrant_driver::ImportedHow;
    ///
    /// assert_eq!(ImportedHow::Borrowed.as_str(), "borrowed");
    /// ```
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
///
/// ```
/// use evergrant_driver::{Import, ImportWay, Tool};
/// use serde_json::json;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let file = folder.path().join("auth.json");
/// let key = |id: &str, token: &str| json!({"id": id, "auth_type": "api_key", "source": "manual", "access_token": token});
/// let keys = [key("one", "sk-0123456789"), key("two", "changeme")];
/// std::fs::write(&file, json!({"version": 1, "credential_pool": {"openai-api": keys}}).to_string())?;
/// let import = Import { tool: Tool::Hermes, from: Some(file), way: ImportWay::Borrow };
/// let skipped = &driver.import(import).await?.skipped[0];
/// assert!(skipped.entry.ends_with("#two") && skipped.why.contains("placeholder"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The entry, in the tool's terms.
    pub entry: String,
    /// Why.
    pub why: String,
}
