//! Proof Key for Code Exchange (RFC 7636): the verifier that never leaves us before the exchange, and its challenge.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::credential::ProviderId;
use crate::failure::{Code, Failure};
use crate::remedy::Remedy;
use crate::secret::Secret;

/// A code verifier: 43 to 128 unreserved characters, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier(Secret<String>);

impl Verifier {
    /// A new one from 32 random bytes, as RFC 7636 4.1 recommends: 43 characters.
    pub fn from_entropy(entropy: &Secret<[u8; 32]>) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(entropy.expose())))
    }

    /// Reads one back from text; without it the code is worthless, so nothing is to be sent then.
    pub fn read(text: &str, provider: &ProviderId) -> Result<Self, Failure> {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let what = if text.is_empty() {
            "is lost"
        } else if (SHORTEST..=LONGEST).contains(&text.len()) && text.chars().all(unreserved) {
            return Ok(Self(Secret::from(text)));
        } else {
            "is damaged"
        };
        let message = format!("the verifier of this login {what}, so nothing was sent: start the login again");
        Err(
            Failure::new(Code::PkceVerifierMissing, message).with_remedy(Remedy::Login {
                provider: provider.clone(),
                label: None,
            }),
        )
    }

    /// The challenge that commits to it: base64url of SHA-256.
    pub fn challenge(&self) -> Challenge {
        Challenge(URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.expose().as_bytes())))
    }

    /// The text, to be sent with the code and nowhere else.
    pub const fn expose(&self) -> &String {
        self.0.expose()
    }
}

/// A code challenge; always of the method [`Challenge::METHOD`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// The only method we speak: `plain` protects nothing.
    pub const METHOD: &'static str = "S256";

    /// The text as it goes on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 7636 4.1.
const SHORTEST: usize = 43;

/// RFC 7636 4.1.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = Verifier::read("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &"x".into()).unwrap();
        assert_eq!(
            verifier.challenge().as_str(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn every_verifier_of_ours_can_be_read_back() {
        for byte in [0, 7, 0xff] {
            let made = Verifier::from_entropy(&Secret::new([byte; 32]));
            assert_eq!(Verifier::read(made.expose(), &"x".into()), Ok(made.clone()));
            assert!((43..=128).contains(&made.expose().len()));
        }
    }

    #[track_caller]
    fn check_refused(text: &str) {
        let failure = Verifier::read(text, &"x".into()).unwrap_err();
        assert_eq!(failure.code, Code::PkceVerifierMissing);
        assert!(text.is_empty() || !failure.message.contains(text));
    }

    #[test]
    fn what_is_no_verifier_is_refused() {
        check_refused("");
        check_refused(&"a".repeat(42));
        check_refused(&"a".repeat(129));
        check_refused(&format!("{} ", "a".repeat(43)));
    }
}
