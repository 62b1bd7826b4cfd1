//! What a client key is called, in lists, logs and metrics: never a part of the key itself.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A client key's name: 1 to 64 letters, digits and `.`, `_`, `@`, `-`, the first of them a letter or digit.
///
/// ```
/// use evergrant_driver::client_key::KeyName;
///
/// assert_eq!("ci-runner".parse::<KeyName>().unwrap().as_str(), "ci-runner");
/// assert!("two words".parse::<KeyName>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(Arc<str>);

impl KeyName {
    /// Its text.
    ///
    /// ```
    /// use evergrant_driver::client_key::KeyName;
    ///
    /// assert_eq!("me@laptop".parse::<KeyName>()?.as_str(), "me@laptop");
    /// # Ok::<(), String>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | '-');
        if begins && text.len() <= LENGTH && text.chars().all(allowed) {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "a name has 1 to {LENGTH} letters, digits or `.`, `_`, `@`, `-`, and begins with a letter or digit"
        ))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 64: a host name and a purpose fit, and so does the column of a table.
const LENGTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_log_line_and_a_label() {
        for good in ["a", "ci-runner", "me@laptop.home", "A_1", &"x".repeat(64)] {
            assert!(good.parse::<KeyName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a b", "a\n", "a\"", "ä", &"x".repeat(65)] {
            assert!(bad.parse::<KeyName>().is_err(), "{bad}");
        }
    }
}
