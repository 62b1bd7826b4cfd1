//! The 32 bytes themselves: as text in a file or variable, or derived from a passphrase.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use evergrant_engine::secret::Secret;
use zeroize::{Zeroize, Zeroizing};

/// A key.
pub(super) type Key = Secret<[u8; 32]>;

/// Reads a key written as 64 hex digits or as base64 (either alphabet, padded or not).
pub(super) fn parse(text: &str) -> Option<Key> {
    let text = text.trim();
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() == 64 {
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = digits else { return None };
            *byte = hex(*high)? << 4 | hex(*low)?;
        }
        return Some(Secret::new(*bytes));
    }
    let indifferent = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD, URL_SAFE].iter().find_map(|alphabet| {
        let mut decoded = GeneralPurpose::new(alphabet, indifferent).decode(text).ok()?;
        let key = <[u8; 32]>::try_from(decoded.as_slice()).ok().map(Secret::new);
        decoded.zeroize();
        key
    })
}

/// The text of a key file.
pub(super) fn print(key: &Key) -> Zeroizing<String> {
    let mut text = base64::prelude::BASE64_STANDARD.encode(key.expose());
    text.push('\n');
    Zeroizing::new(text)
}

/// How a key is derived from a passphrase; this, not the key, lies in the key file then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Derivation {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; 16],
}

impl Derivation {
    /// The present parameters with a new salt.
    pub(super) const fn new(salt: [u8; 16]) -> Self {
        Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: 1,
            salt,
        }
    }

    /// Reads what `print` wrote; `None` if it is something else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('$');
        if parts.next()? != DERIVATION {
            return None;
        }
        let mut number = || parts.next()?.parse::<u32>().ok();
        let (memory_kib, passes, lanes) = (number()?, number()?, number()?);
        let salt = base64::prelude::BASE64_STANDARD.decode(parts.next()?).ok()?;
        // Limits, so that a damaged or forged file cannot ask for all memory or time.
        if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES_MAX || parts.next().is_some() {
            return None;
        }
        Some(Self {
            memory_kib,
            passes,
            lanes,
            salt: salt.try_into().ok()?,
        })
    }

    /// The text of the key file.
    pub(super) fn print(&self) -> String {
        let salt = base64::prelude::BASE64_STANDARD.encode(self.salt);
        let Self {
            memory_kib,
            passes,
            lanes,
            ..
        } = self;
        format!("{DERIVATION}${memory_kib}${passes}${lanes}${salt}\n")
    }

    /// The key; takes a good part of a second on purpose.
    pub(super) fn derive(&self, passphrase: &Secret<String>) -> Result<Key, argon2::Error> {
        let parameters = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))?;
        let mut bytes = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters).hash_password_into(
            passphrase.expose().as_bytes(),
            &self.salt,
            bytes.as_mut_slice(),
        )?;
        Ok(Secret::new(*bytes))
    }
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The first word of a key file that holds a derivation.
const DERIVATION: &str = "argon2id";

/// 64 MiB and three passes: the second recommendation of RFC 9106 section 4.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// 1 GiB: sixteen times the present choice.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;

/// 48: sixteen times the present choice.
const PASSES_MAX: u32 = 48;

/// 16: more than anyone has cores for one passphrase.
const LANES_MAX: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_base64_are_read() {
        let key = Secret::new([0xfb; 32]);
        let standard = print(&key);
        let url_safe = standard.replace('+', "-").replace('/', "_");
        for text in [
            &*standard,
            &url_safe,
            url_safe.trim().trim_end_matches('='),
            &"fB".repeat(32),
        ] {
            assert_eq!(parse(text), Some(Secret::new([0xfb; 32])), "{text}");
        }
        for text in ["", "abcd", &"zz".repeat(32), &"ab".repeat(31), &"é".repeat(32)] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_derivation_survives_its_file_and_gives_the_same_key() {
        let cheap = Derivation {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
            salt: [3; 16],
        };
        let read = Derivation::parse(&cheap.print()).unwrap();
        assert_eq!(read, cheap);
        let passphrase = Secret::from("correct horse");
        assert_eq!(read.derive(&passphrase).unwrap(), cheap.derive(&passphrase).unwrap());
        assert_ne!(
            cheap.derive(&Secret::from("another")).unwrap(),
            cheap.derive(&passphrase).unwrap()
        );
        assert_eq!(
            Derivation::parse("argon2id$99999999$1$1$AAAAAAAAAAAAAAAAAAAAAA=="),
            None
        );
    }
}
