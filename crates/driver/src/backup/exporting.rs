//! Making a backup of a home, without its providers being asked.

use evergrant_engine::credential::Material;
use evergrant_engine::failure::Failure;
use evergrant_engine::recovery::renewal::View;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{ClaimState, Record};

use super::sealed::seal;
use crate::account::{Account, accounts_of};
use crate::clock::{Clock as _, SystemClock};
use crate::settings::Settings;
use crate::store::{Backup, Mode, Store, StoreFault, open};

/// A backup that was made.
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
/// let backup = export(&settings("here")?, &passphrase)?;
/// assert_eq!(backup.accounts.len(), 1);
/// assert!(!backup.text.contains("sk-of-my-own"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The sealed text, to be kept anywhere.
    pub text: String,
    /// What is in it.
    pub accounts: Vec<Account>,
}

/// Seals every credential of a home under a passphrase; tombstones and refresh tokens that are spent stay behind. The store is opened to write, so that an
/// answer of a renewal that was cut off is in the backup; nothing else is changed.
///
/// # Errors
/// A passphrase that is too short; a store that is missing or cannot be read.
///
/// ```
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
/// let here = Driver::open(settings("here")?)?;
/// here.add_key(&"openai".into(), None, KeySource::Variable("MY_KEY".to_owned())).await?;
///
/// let passphrase = Secret::from("correct horse battery");
/// let backup = export(&settings("here")?, &passphrase)?.text;
/// assert!(backup.starts_with("evergrant-backup 1\n"));
///
/// let opened = SealedBackup::read(backup.as_bytes())?.open(&passphrase)?;
/// let there = Driver::open(settings("there")?)?;
/// let report = there.restore(opened, false).await?;
/// assert_eq!(report.back().count(), 1);
/// # Ok(())
/// # })
/// # }
/// ```
pub fn export(settings: &Settings, passphrase: &Secret<String>) -> Result<Exported, Failure> {
    let store = open(&settings.home, &settings.key, Mode::ReadWrite)?;
    let now = SystemClock::new().now();
    let records = carried(&*store)?;
    let accounts = accounts_of(&records, &settings.table, settings, &now);
    let backup = Backup {
        taken_at: now.wall,
        records,
    };
    Ok(Exported {
        text: seal(&backup, passphrase)?,
        accounts,
    })
}

fn carried(store: &dyn Store) -> Result<Vec<Record>, StoreFault> {
    let mut carried = Vec::new();
    for record in store.records()? {
        // Record and claim of one moment: a renewal may have ended since.
        carried.extend(sendable(store.view(&record.id)?));
    }
    Ok(carried)
}

/// The record without a refresh token that is spent or dead: where it comes back, nobody would know that it must not be sent.
fn sendable(view: View) -> Option<Record> {
    let mut record = view.record?;
    match &mut record.material {
        Material::Gone => return None,
        Material::Grant(grant) => match view.claim.map(|claim| claim.state) {
            Some(ClaimState::Spent | ClaimState::Dead) => grant.refresh_token = None,
            Some(ClaimState::Open) | None => {}
        },
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) => {}
    }
    Some(record)
}
