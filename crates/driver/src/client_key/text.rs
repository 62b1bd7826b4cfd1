//! The key itself: 256 random bits behind words by which people and scanners know it.

use std::sync::LazyLock;

use evergrant_engine::secret::Secret;
use memchr::memmem::Finder;
use zeroize::Zeroizing;

use crate::entropy::{NoEntropy, random};

/// Draws a new key.
pub(crate) fn mint() -> Result<Secret<String>, NoEntropy> {
    let bits = Zeroizing::new(random::<32>()?);
    let mut text = String::with_capacity(PREFIX.len() + LETTERS_OF_A_KEY);
    text.push_str(PREFIX);
    let (mut held, mut count) = (0_u32, 0);
    for byte in bits.iter() {
        held = (held << 8 | u32::from(*byte)) & 0xffff;
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(letter(held >> count));
        }
    }
    text.push(letter(held << (5 - count)));
    Ok(Secret::from(text))
}

/// Whether a text claims to be a client key of evergrant's: then it is one that is known, or it is refused.
pub(crate) fn is_ours(text: &[u8]) -> bool {
    text.starts_with(PREFIX.as_bytes())
}

/// Whether such a text stands anywhere in there.
pub(crate) fn holds_one(text: &[u8]) -> bool {
    // Most are too short for one, or have no hyphen.
    text.len() >= PREFIX.len() && text.contains(&b'-') && FINDER.find(text).is_some()
}

fn letter(five: u32) -> char {
    char::from(LETTERS[usize::try_from(five & 31).unwrap_or(0)])
}

/// `sk-`, because some clients refuse a key without it before they ask anyone; `evergrant`, because a scanner that finds it in
/// a repository must be able to say whose it is.
const PREFIX: &str = "sk-evergrant-";

/// 256 bits at five bits a letter.
const LETTERS_OF_A_KEY: usize = 52;

/// Crockford's base 32 in small letters: no letters that read as digits, and a double click takes it whole.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_beginning_and_no_two_are_the_same() {
        let (one, two) = (mint().unwrap(), mint().unwrap());
        assert!(one != two);
        for key in [&one, &two] {
            assert_eq!(key.expose().len(), PREFIX.len() + LETTERS_OF_A_KEY);
            assert!(is_ours(key.expose().as_bytes()));
        }
        assert!(!is_ours(b"anything") && !is_ours(b"sk-proj-1"));
    }
}
