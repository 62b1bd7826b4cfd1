//! Makes identifiers, codes and secrets: unguessable without the seed, repeatable with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::failure::SandboxError;

/// A counter under a seed; each call gives another value.
#[derive(Debug)]
pub(crate) struct Mint {
    seed: [u8; 32],
    count: u64,
}

impl Mint {
    /// A mint for a seed, or for a random one.
    pub(crate) fn new(seed: Option<u64>) -> Result<Self, SandboxError> {
        let mut bytes = [0; 32];
        match seed {
            Some(seed) => bytes[..8].copy_from_slice(&seed.to_be_bytes()),
            None => getrandom::fill(&mut bytes).map_err(|error| SandboxError::Entropy(error.to_string()))?,
        }
        Ok(Self { seed: bytes, count: 0 })
    }

    /// 256 bits as text that needs no escaping in forms and URLs.
    pub(crate) fn secret(&mut self, kind: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.next(kind))
    }

    /// A short identifier in hex.
    pub(crate) fn id(&mut self, kind: &str) -> String {
        format!("{kind}-{}", hex(&self.next(kind)[..8]))
    }

    /// A user code such as `BCDF-GHJK`, of letters that are hard to mistake (RFC 8628 section 6.1).
    pub(crate) fn user_code(&mut self) -> String {
        let letters: Vec<char> = self
            .next("user-code")
            .iter()
            .take(8)
            .map(|byte| USER_CODE_LETTERS[usize::from(*byte) % USER_CODE_LETTERS.len()])
            .collect();
        let (left, right) = letters.split_at(4);
        format!(
            "{}-{}",
            left.iter().collect::<String>(),
            right.iter().collect::<String>()
        )
    }

    fn next(&mut self, kind: &str) -> [u8; 32] {
        self.count += 1;
        let mut digest = Sha256::new();
        digest.update(self.seed);
        digest.update(self.count.to_be_bytes());
        digest.update(kind.as_bytes());
        digest.finalize().into()
    }
}

/// The first 8 hex digits of a secret's SHA-256: enough to tell two apart in a log.
pub(crate) fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes())[..4])
}

/// Lower-case hex of some bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The consonants of RFC 8628 section 6.1: no vowels, so no words.
const USER_CODE_LETTERS: [char; 20] = [
    'B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Z',
];
