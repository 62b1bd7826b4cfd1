//! A vault under a passphrase of its own, apart from the store's key: what leaves the home is sealed under it.

use evergrant_engine::secret::Secret;

use super::key::Derivation;
use super::sealing::Vault;
use crate::entropy::{NoEntropy, random};

/// How a passphrase becomes a key: the same way as that of a store, with a salt of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch(Derivation);

impl Stretch {
    /// The present parameters with a new salt.
    pub(crate) fn new() -> Result<Self, NoEntropy> {
        Ok(Self(Derivation::new(random::<16>()?)))
    }

    /// Reads what `print` wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Derivation::parse(text).map(Self)
    }

    /// One line that derives the same key again from the same passphrase.
    pub(crate) fn print(&self) -> String {
        self.0.print().trim_end().to_owned()
    }

    /// The vault; takes a good part of a second on purpose. `None` if the parameters cannot be used.
    pub(crate) fn vault(&self, passphrase: &Secret<String>) -> Option<Vault> {
        let key = self.0.derive(passphrase).ok()?;
        Some(Vault::new(key, "the passphrase of the backup"))
    }
}
