//! The client keys as they are at one moment, to be found by what is shown.

use std::sync::Arc;

use evergrant_engine::named::ByName;
use evergrant_engine::secret::Fingerprint;
use subtle::ConstantTimeEq as _;

use super::guest::Holder;
use crate::client_key::{ClientKey, KeyTerms};

/// A snapshot; it never changes, it is replaced.
#[derive(Debug, Default)]
pub(super) struct Keyring {
    /// By the first bytes of the fingerprint, which nobody can choose who does not have the store's own key.
    holders: ByName<u64, Vec<Arc<Holder>>>,
}

impl Keyring {
    /// These keys; what those that were here before have used stays counted.
    pub(super) fn after(before: &Self, keys: Vec<ClientKey>) -> Self {
        let mut holders: ByName<_, Vec<Arc<Holder>>> = ByName::with_capacity_and_hasher(keys.len(), Default::default());
        for key in keys {
            let known = before.of(&key.fingerprint);
            let meter = known.map(|holder| Arc::clone(&holder.meter)).unwrap_or_default();
            let place = holders.entry(beginning(&key.fingerprint)).or_default();
            let is_limited = key.terms != KeyTerms::default();
            place.push(Arc::new(Holder { key, meter, is_limited }));
        }
        Self { holders }
    }

    /// The holder of the key with this fingerprint; compared in constant time.
    pub(super) fn of(&self, fingerprint: &Fingerprint) -> Option<&Arc<Holder>> {
        let near = self.holders.get(&beginning(fingerprint))?;
        let (shown, words) = (words(fingerprint), |holder: &Holder| words(&holder.key.fingerprint));
        near.iter().find(|holder| words(holder).ct_eq(&shown).into())
    }

    /// All of them.
    pub(super) fn holders(&self) -> impl Iterator<Item = &Arc<Holder>> {
        self.holders.values().flatten()
    }
}

/// Eight bytes at a time are compared in constant time as well, and sooner than one by one.
fn words(fingerprint: &Fingerprint) -> [u64; 4] {
    let (words, _) = fingerprint.as_bytes().as_chunks();
    std::array::from_fn(|word| words.get(word).map_or(0, |bytes| u64::from_le_bytes(*bytes)))
}

fn beginning(fingerprint: &Fingerprint) -> u64 {
    let first = fingerprint.as_bytes().first_chunk();
    first.map_or(0, |first| u64::from_le_bytes(*first))
}
