//! Where the store's key comes from, and how it is made with the home.

use std::path::Path;

use evergrant_engine::secret::Secret;

use super::key::{self, Derivation, Key};
use super::sealing::Vault;
use crate::fault::StoreFault;
use crate::home::Home;
use crate::{entropy, plain_file, private_file};

/// Where the key comes from (`store.key`).
///
/// ```
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::vault::KeySource;
/// use evergrant_driver::{Driver, Secret};
///
/// # let folder = tempfile::tempdir()?;
/// // A program that has a place for secrets keeps the store's key there, and none lies beside the store.
/// let mut settings = Settings::load(Some(folder.path().join("home")), [])?;
/// let value = Some(Secret::from("0f".repeat(32)));
/// settings.key = KeySource::Environment { name: "MY_STORE_KEY".to_owned(), value };
/// let driver = Driver::open(settings.clone())?;
/// assert!(driver.accounts().is_empty() && !settings.home.key().exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The 0600 file `key` in the home.
    File,
    /// An environment variable, as the app handed it in.
    Environment {
        /// Its name.
        name: String,
        /// What it holds: 32 bytes in hex or base64; `None` if it is not set.
        value: Option<Secret<String>>,
    },
    /// A passphrase; `None` if nobody could be asked for it.
    Passphrase(Option<Secret<String>>),
    /// The keyring of the operating system.
    Keyring,
}

impl Vault {
    /// Takes the key of a home that has one.
    pub fn unlock(home: &Home, source: &KeySource) -> Result<Self, StoreFault> {
        home.check()?;
        Self::take(home, source, key_file)?.ok_or_else(|| Self::gone(home))
    }

    fn gone(home: &Home) -> StoreFault {
        let place = home.database().display().to_string();
        if home.database().exists() {
            StoreFault::Undecryptable {
                detail: format!("the key file {} is gone", home.key().display()),
                place,
            }
        } else {
            StoreFault::Missing { place }
        }
    }

    /// Takes the key to look at a store, whoever else can reach home and key: that is told apart from what is in them.
    pub(crate) fn examine(home: &Home, source: &KeySource) -> Result<Self, StoreFault> {
        Self::take(home, source, exposed_key_file)?.ok_or_else(|| Self::gone(home))
    }

    /// A vault under the key in another file than the usual one, if there is one in it.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        let text = exposed_key_file(path).ok().flatten()?;
        key::parse(text.expose()).map(|key| Self::new(key, format!("the key file {}", path.display())))
    }

    /// Takes the key of a home, and makes home and key if there are none; beside a store without its key it makes none.
    pub fn create(home: &Home, source: &KeySource) -> Result<Self, StoreFault> {
        home.create()?;
        home.alone(|| {
            if home.key().exists() || home.database().exists() {
                return Self::unlock(home, source);
            }
            match source {
                KeySource::File => {
                    let key = Secret::new(random::<32>(&home.key())?);
                    private_file::replace(&home.key(), key::print(&key).as_bytes())?;
                }
                KeySource::Passphrase(_) => {
                    let derivation = Derivation::new(random::<16>(&home.key())?);
                    private_file::replace(&home.key(), derivation.print().as_bytes())?;
                }
                KeySource::Environment { .. } | KeySource::Keyring => {}
            }
            Self::unlock(home, source)
        })
    }

    /// `None` only if there is no key file where there should be one.
    fn take(home: &Home, source: &KeySource, read: KeyReader) -> Result<Option<Self>, StoreFault> {
        let store = home.database().display().to_string();
        let undecryptable = |detail: String| StoreFault::Undecryptable {
            place: store.clone(),
            detail,
        };
        match source {
            KeySource::Environment { name, value } => {
                let origin = format!("the variable `{name}`");
                let Some(value) = value else {
                    return Err(undecryptable(format!("{origin} is not set")));
                };
                let key = key::parse(value.expose())
                    .ok_or_else(|| undecryptable(format!("{origin} is not 32 bytes in hex or base64")))?;
                Ok(Some(Self::new(key, origin)))
            }
            KeySource::Keyring => Err(undecryptable(
                "this build has no keyring: set `store.key` to `file`, `env:VAR` or `passphrase`".to_owned(),
            )),
            KeySource::File => {
                let Some(text) = read(&home.key())? else {
                    return Ok(None);
                };
                let origin = format!("the key file {}", home.key().display());
                if Derivation::parse(text.expose()).is_some() {
                    return Err(undecryptable(format!(
                        "{origin} asks for a passphrase, and `store.key` does not"
                    )));
                }
                let key =
                    key::parse(text.expose()).ok_or_else(|| undecryptable(format!("{origin} does not hold a key")))?;
                Ok(Some(Self::new(key, origin)))
            }
            KeySource::Passphrase(passphrase) => {
                let Some(text) = read(&home.key())? else {
                    return Ok(None);
                };
                let derivation = Derivation::parse(text.expose()).ok_or_else(|| {
                    undecryptable(format!("{} does not belong to a passphrase", home.key().display()))
                })?;
                let Some(passphrase) = passphrase else {
                    return Err(undecryptable("nobody gave the passphrase".to_owned()));
                };
                let key: Key = derivation
                    .derive(passphrase)
                    .map_err(|error| undecryptable(error.to_string()))?;
                Ok(Some(Self::new(key, "the passphrase")))
            }
        }
    }
}

/// How the key file is read.
type KeyReader = fn(&Path) -> Result<Option<Secret<String>>, StoreFault>;

fn key_file(path: &Path) -> Result<Option<Secret<String>>, StoreFault> {
    let text = private_file::read(path, KEY_FILE_MAX)?;
    Ok(text.map(|bytes| Secret::new(String::from_utf8_lossy(&bytes).into_owned())))
}

/// The same of a file that others can reach.
fn exposed_key_file(path: &Path) -> Result<Option<Secret<String>>, StoreFault> {
    match plain_file::read(path, KEY_FILE_MAX) {
        Ok(bytes) => Ok(Some(Secret::new(String::from_utf8_lossy(&bytes).into_owned()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreFault::from_io(path, "reading it", &error)),
    }
}

fn random<const N: usize>(path: &Path) -> Result<[u8; N], StoreFault> {
    entropy::random().map_err(|error| StoreFault::Unwritable {
        place: path.display().to_string(),
        detail: error.to_string(),
    })
}

/// 1 KiB: a key or a derivation is a short line.
const KEY_FILE_MAX: u64 = 1_024;
