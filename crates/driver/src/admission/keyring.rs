//! The client keys as they are at one moment, to be found by what is shown.

use std::sync::Arc;

use evergrant_engine::named::ByName;
use evergrant_engine::secret::Fingerprint;
use subtle::ConstantTimeEq as _;

use super::guest::Holder;
use crate::client_key::ClientKey;

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
            place.push(Arc::new(Holder { key, meter }));
        }
        Self { holders }
    }

    /// The holder of the key with this fingerprint; compared in constant time.
    pub(super) fn of(&self, fingerprint: &Fingerprint) -> Option<&Arc<Holder>> {
        let near = self.holders.get(&beginning(fingerprint))?;
        let is_it = |holder: &&Arc<Holder>| holder.key.fingerprint.as_bytes().ct_eq(fingerprint.as_bytes()).into();
        near.iter().find(is_it)
    }

    /// All of them.
    pub(super) fn holders(&self) -> impl Iterator<Item = &Arc<Holder>> {
        self.holders.values().flatten()
    }
}

fn beginning(fingerprint: &Fingerprint) -> u64 {
    let first = fingerprint.as_bytes().first_chunk();
    first.map_or(0, |first| u64::from_le_bytes(*first))
}
