//! A backup that is sealed, and one that was opened.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::secret::Secret;
use evergrant_engine::time::Timestamp;

use super::armour::Parts;
use super::fault::BackupFault;
use crate::store::{Backup, read_backup, write_backup};
use crate::vault::Stretch;

/// A backup as it lies in a file: whole, and not opened yet.
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
/// let text = export(&settings("here")?, &passphrase)?.text;
/// // Damage is told before anybody is asked for a passphrase.
/// assert!(SealedBackup::read(text.as_bytes()).is_ok());
/// assert!(SealedBackup::read(&text.as_bytes()[..text.len() / 2]).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SealedBackup {
    parts: Parts,
    stretch: Stretch,
}

/// A backup that was opened; what is in it is shown to nobody but the store that takes it.
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
/// // Whoever is asked whether to go on is told what there is to bring back.
/// println!("{} credentials of {}", opened.count(), opened.taken_at());
/// // Nothing has happened yet.
/// assert_eq!((opened.count(), here.accounts().len()), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OpenedBackup {
    pub(super) backup: Backup,
}

impl SealedBackup {
    /// Reads a file's bytes, of which nothing but the form is looked at.
    ///
    /// # Errors
    /// `backup-invalid` for what is no backup, `backup-damaged` for one that is cut or changed, `backup-newer`.
    ///
    /// ```
    /// use evergrant_driver::SealedBackup;
    ///
    /// let failure = SealedBackup::read(b"something else").unwrap_err();
    /// assert_eq!((failure.code.as_str(), failure.code.exit()), ("backup-invalid", 2));
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(bytes).map_err(|_| BackupFault::Foreign)?;
        let parts = Parts::parse(text)?;
        let stretch = Stretch::parse(&parts.stretch).ok_or(BackupFault::Damaged)?;
        Ok(Self { parts, stretch })
    }

    /// Opens it; takes a good part of a second on purpose.
    ///
    /// # Errors
    /// `backup-undecryptable` for another passphrase.
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
    /// let sealed = SealedBackup::read(export(&settings("here")?, &passphrase)?.text.as_bytes())?;
    /// let other = sealed.open(&Secret::from("another passphrase"));
    /// assert!(other.is_err_and(|failure| failure.code.as_str() == "backup-undecryptable"));
    /// assert!(sealed.open(&passphrase).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(&self, passphrase: &Secret<String>) -> Result<OpenedBackup, Failure> {
        let vault = self.stretch.vault(passphrase).ok_or(BackupFault::Damaged)?;
        let context = Parts::context(&self.parts.stretch);
        let plain = vault
            .open(&self.parts.sealed, &context)
            .map_err(|_| BackupFault::Locked)?;
        let backup = read_backup(&plain).map_err(|_| BackupFault::Unreadable)?;
        Ok(OpenedBackup { backup })
    }
}

impl OpenedBackup {
    /// When it was made.
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
    /// // For the question that is asked first: is what was here then to come back?
    /// let taken_at = opened.taken_at();
    /// assert_eq!(here.restore(opened, false).await?.taken_at, taken_at);
    /// # Ok(())
    /// # }
    /// ```
    pub fn taken_at(&self) -> Timestamp {
        self.backup.taken_at
    }

    /// How many credentials are in it.
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
    /// assert_eq!(opened.count(), here.accounts().len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn count(&self) -> usize {
        self.backup.records.len()
    }
}

/// Seals a backup under a passphrase and a new salt; the text can be kept anywhere.
pub(super) fn seal(backup: &Backup, passphrase: &Secret<String>) -> Result<String, Failure> {
    if passphrase.expose().chars().count() < PASSPHRASE_MIN {
        let message = format!("the passphrase is too short: it has at least {PASSPHRASE_MIN} characters");
        return Err(Failure::new(Code::Usage, message));
    }
    let internal = |what: &str| Failure::new(Code::Internal, format!("the backup cannot be sealed: {what}"));
    let stretch = Stretch::new()?;
    let vault = stretch
        .vault(passphrase)
        .ok_or_else(|| internal("its key cannot be derived"))?;
    let plain = write_backup(backup).map_err(|unreadable| internal(unreadable.0))?;
    let stretch = stretch.print();
    let sealed = vault.seal(&plain, &Parts::context(&stretch))?;
    Ok(Parts { stretch, sealed }.print())
}

/// 8 characters, as NIST SP 800-63B 5.1.1.2 asks: a backup can be tried at leisure by whoever finds it.
const PASSPHRASE_MIN: usize = 8;
