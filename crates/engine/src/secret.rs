//! A secret that cannot be printed, and the fingerprint that stands for it in claims and logs.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::protection::{Protection, stands};

/// A value that is wiped when dropped and shows nothing of itself in `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into keeping.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; each use can be found by searching for this name.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + fmt::Debug> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !stands(Protection::Redaction) {
            return self.0.fmt(f);
        }
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

impl From<String> for Secret<String> {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

/// The key under which fingerprints are made; it lies sealed in the store, so that every process and host agrees.
/// It is kept as the state that it brings HMAC into, because a gateway makes a fingerprint for each request.
#[derive(Clone)]
pub struct FingerprintKey(Option<Hmac<Sha256>>);

impl FingerprintKey {
    /// Wraps 32 bytes of entropy.
    pub fn new(bytes: [u8; 32]) -> Self {
        let bytes = Secret::new(bytes);
        // HMAC takes a key of any length, so that there is always a state for 32 bytes.
        Self(Hmac::<Sha256>::new_from_slice(bytes.expose()).ok())
    }

    /// The fingerprint of a secret: HMAC-SHA-256 under this key.
    pub fn fingerprint(&self, secret: &Secret<String>) -> Fingerprint {
        self.fingerprint_of(secret.expose())
    }

    /// The same of a text that somebody else keeps.
    pub fn fingerprint_of(&self, secret: &str) -> Fingerprint {
        let mac = self.0.clone().map(|mut mac| {
            mac.update(secret.as_bytes());
            mac.finalize().into_bytes().into()
        });
        Fingerprint(mac.unwrap_or_default())
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(..)")
    }
}

/// 256 bits that stand for a secret: whole in claims, eight hex digits wherever a person reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint read back from a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// All 256 bits, for a store's key column.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::from("canary")), "Secret(..)");
    }

    #[test]
    fn fingerprint_is_keyed_and_short_in_text() {
        let token = Secret::from("token");
        let one = FingerprintKey::new([1; 32]).fingerprint(&token);
        let two = FingerprintKey::new([2; 32]).fingerprint(&token);
        assert_ne!(one, two);
        assert_eq!(one.to_string().len(), 8);
    }
}
