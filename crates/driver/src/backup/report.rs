//! What came of a restore.

use evergrant_engine::credential::{Label, ProviderId};
use evergrant_engine::time::Timestamp;

use crate::account::Account;

/// What came of it, in the order of the backup.
///
/// ```
/// # use evergrant_driver::settings::Settings;
/// # use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
/// # let here = Driver::open(settings("here")?)?;
/// # here.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// # let passphrase = Secret::from("correct horse battery");
/// # let opened = SealedBackup::read(export(&settings("here")?, &passphrase)?.text.as_bytes())?.open(&passphrase)?;
/// let report = here.restore(opened, false).await?;
/// // It lives here, and what lives is not overwritten.
/// assert_eq!((report.credentials.len(), report.back().count()), (1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestoredReport {
    /// When the backup was made.
    pub taken_at: Timestamp,
    /// Each credential of it.
    pub credentials: Vec<RestoredOne>,
}

/// One credential of a backup.
///
/// ```
/// # use evergrant_driver::settings::Settings;
/// # use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
/// # let here = Driver::open(settings("here")?)?;
/// # here.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// # let passphrase = Secret::from("correct horse battery");
/// # let opened = SealedBackup::read(export(&settings("here")?, &passphrase)?.text.as_bytes())?.open(&passphrase)?;
/// let report = here.restore(opened, false).await?;
/// for one in &report.credentials {
///     assert_eq!((one.provider.as_str(), one.label.as_str()), ("openai", "default"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestoredOne {
    /// Its provider.
    pub provider: ProviderId,
    /// What it was called when the backup was made.
    pub label: Label,
    /// What became of it.
    pub end: Restoration,
}

/// What became of one credential of a backup.
///
/// ```
/// # use evergrant_driver::Restoration;
/// # use evergrant_driver::settings::Settings;
/// # use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
/// # let here = Driver::open(settings("here")?)?;
/// # here.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// # let passphrase = Secret::from("correct horse battery");
/// # let opened = SealedBackup::read(export(&settings("here")?, &passphrase)?.text.as_bytes())?.open(&passphrase)?;
/// let report = here.restore(opened, false).await?;
/// match &report.credentials[0].end {
///     Restoration::Back { account, .. } => unreachable!("`{}` was never gone", account.label),
///     Restoration::Left { word, why } => assert!(*word == "here" && !why.is_empty()),
/// }
/// # Ok(())
/// # }
/// ```
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
    ///
    /// ```
    /// # use evergrant_driver::settings::Settings;
    /// # use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
    /// # let here = Driver::open(settings("here")?)?;
    /// # here.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// # let passphrase = Secret::from("correct horse battery");
    /// # let opened = SealedBackup::read(export(&settings("here")?, &passphrase)?.text.as_bytes())?.open(&passphrase)?;
    /// let there = Driver::open(settings("there")?)?;
    /// let report = there.restore(opened, false).await?;
    /// assert!(report.back().all(|account| account.usable));
    /// assert_eq!(report.back().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn back(&self) -> impl Iterator<Item = &Account> {
        self.credentials.iter().filter_map(|one| match &one.end {
            Restoration::Back { account, .. } => Some(&**account),
            Restoration::Left { .. } => None,
        })
    }
}
