//! What is taken for an API key, and what for a placeholder of one.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::secret::Secret;

/// A key without the white space that copying leaves, refused if it is a placeholder.
pub(crate) fn checked(provider: &ProviderId, key: Secret<String>) -> Result<Secret<String>, Failure> {
    let text = key.expose().trim();
    let lower = text.to_ascii_lowercase();
    let repeated = text.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'));
    let bracketed = BRACKETS
        .iter()
        .any(|(open, close)| text.starts_with(open) && text.ends_with(close));
    let fault = if text.len() < KEY_MIN || repeated || bracketed || PLACEHOLDERS.contains(&lower.as_str()) {
        Some("is a placeholder, not a key")
    } else if !text.chars().all(|c| c.is_ascii_graphic()) {
        Some("has characters that cannot be sent in a header")
    } else {
        None
    };
    match fault {
        Some(fault) => Err(
            Failure::new(Code::PlaceholderKey, format!("what was given {fault}")).with_remedy(Remedy::Run {
                command: format!("evergrant add {provider}"),
                why: format!("give the key itself, as {provider} showed it when it was made"),
            }),
        ),
        None => Ok(Secret::from(text)),
    }
}

/// 4 characters: no provider issues a shorter key.
const KEY_MIN: usize = 4;

/// What documentation puts around the words for a key, and what is left of a variable that was not expanded.
const BRACKETS: [(&str, &str); 4] = [("<", ">"), ("${", "}"), ("{{", "}}"), ("[", "]")];

/// What documentation and templates put in the place of a key.
const PLACEHOLDERS: [&str; 10] = [
    "changeme",
    "change-me",
    "your_api_key",
    "your-api-key",
    "yourapikey",
    "api_key",
    "apikey",
    "dummy",
    "placeholder",
    "none",
];
