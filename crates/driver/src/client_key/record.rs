//! A client key as it is asked for, as it is kept, and as it is handed out once.

use evergrant_engine::secret::{Fingerprint, Secret};
use evergrant_engine::time::Timestamp;

use super::name::KeyName;
use super::terms::KeyTerms;

/// A client key as it is asked for.
///
/// ```
/// use evergrant_driver::client_key::{KeyTerms, NewKey};
///
/// // For a test runner that needs one model, and not often.
/// let terms = KeyTerms { models: vec!["gpt-5-mini".to_owned()], requests_per_minute: Some(10), ..KeyTerms::default() };
/// let new = NewKey { name: "ci".parse()?, terms, lent: false };
/// assert!(!new.terms.allows_model("gpt-5"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What to call it.
    pub name: KeyName,
    /// What it may do.
    pub terms: KeyTerms,
    /// Whether it is lent to a process that gives it back: once it has expired, it is forgotten by itself.
    pub lent: bool,
}

/// A client key as it is handed out: this once, and never again.
///
/// ```
/// # use evergrant_driver::client_key::{KeyTerms, NewKey};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let new = NewKey { name: "ci".parse()?, terms: KeyTerms::default(), lent: false };
/// let added = driver.add_client_key(new).await?;
/// // To be shown now: nobody can read it back, and it does not get into a log by accident.
/// assert!(added.key.expose().starts_with("sk-evergrant-"));
/// assert!(!format!("{added:?}").contains("sk-evergrant-"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AddedKey {
    /// What it is called.
    pub name: KeyName,
    /// The key.
    pub key: Secret<String>,
}

/// A client key as it is kept: the key itself is not.
///
/// What is kept is its HMAC-SHA-256 under the store's sealed key of fingerprints. Of 256 random bits a plain SHA-256 could not
/// be guessed back either; the keyed one costs the same, is the house's one form of a secret, and tells whoever holds a copy
/// of the database alone not even whether a key that leaked elsewhere belongs to it.
///
/// ```
/// # use evergrant_driver::client_key::{KeyTerms, NewKey};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let new = NewKey { name: "ci".parse()?, terms: KeyTerms::default(), lent: false };
/// driver.add_client_key(new).await?;
/// let kept = &driver.client_keys().await?[0];
/// assert_eq!(kept.name.as_str(), "ci");
/// assert!(kept.terms.expires_at.is_none() && !kept.lent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    /// What it is called; unique.
    pub name: KeyName,
    /// What stands for the key.
    pub fingerprint: Fingerprint,
    /// What it may do.
    pub terms: KeyTerms,
    /// Whether it is lent to a process that gives it back.
    pub lent: bool,
    /// When it was made.
    pub created_at: Timestamp,
}
