//! A client key as it is asked for, as it is kept, and as it is handed out once.

use evergrant_engine::secret::{Fingerprint, Secret};
use evergrant_engine::time::Timestamp;

use super::name::KeyName;
use super::terms::KeyTerms;

/// A client key as it is asked for.
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
#[derive(Clone, Debug)]
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
