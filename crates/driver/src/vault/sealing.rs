//! Seals and opens bytes with XChaCha20-Poly1305 under the store's key.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use evergrant_engine::secret::Secret;
use zeroize::Zeroizing;

use super::key::Key;
use crate::entropy::{self, NoEntropy};
use crate::fault::StoreFault;

/// The store's key, ready to seal and open; it is wiped when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Vault {
    key: Arc<Key>,
    origin: Arc<str>,
}

/// Sealed bytes did not open: another key, other associated data, or damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the seal does not open")]
pub struct Unopened;

impl Vault {
    /// A vault under a key; `origin` says in messages where the key came from.
    pub(super) fn new(key: Key, origin: impl Into<Arc<str>>) -> Self {
        Self {
            key: Arc::new(key),
            origin: origin.into(),
        }
    }

    /// A vault under these 32 bytes.
    pub fn from_bytes(key: [u8; 32], origin: &str) -> Self {
        Self::new(Secret::new(key), origin)
    }

    /// Where the key came from, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Seals bytes, bound to `context`; a new nonce stands in front.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, NoEntropy> {
        let nonce = entropy::random::<NONCE>()?;
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            // Fails only beyond 256 GiB.
            .map_err(|error| NoEntropy {
                detail: error.to_string(),
            })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed with the same context.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Unopened)?;
        let payload = Payload {
            msg: sealed,
            aad: context,
        };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| Unopened)
    }

    /// The fault of a store that this key does not open.
    pub(crate) fn does_not_open(&self, place: &str) -> StoreFault {
        StoreFault::Undecryptable {
            place: place.to_owned(),
            detail: format!("{} is not the key it was sealed under", self.origin),
        }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.expose().into())
    }
}

/// 192 bits: random nonces of this length do not meet.
const NONCE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open() {
        let vault = Vault::from_bytes([1; 32], "test");
        let sealed = vault.seal(b"canary", b"id|1").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(vault.open(&sealed, b"id|1").unwrap().as_slice(), b"canary");
        assert_eq!(vault.open(&sealed, b"id|2"), Err(Unopened));
        assert_eq!(Vault::from_bytes([2; 32], "test").open(&sealed, b"id|1"), Err(Unopened));
        assert_ne!(vault.seal(b"canary", b"id|1").unwrap(), sealed);
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let vault = Vault::from_bytes([1; 32], "test");
        let sealed = vault.seal(b"canary", b"").unwrap();
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(vault.open(&damaged, b""), Err(Unopened), "{at}");
            assert_eq!(vault.open(&sealed[..at], b""), Err(Unopened), "{at}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let text = format!("{:?}", Vault::from_bytes([7; 32], "the key file"));
        assert!(!text.contains('7'), "{text}");
    }
}
