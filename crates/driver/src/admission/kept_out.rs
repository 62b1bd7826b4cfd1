//! Who is kept out, and why.

use evergrant_engine::failure::Failure;

use crate::client_key::KeyName;

/// Somebody who was not let in.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOut {
    /// Why.
    pub failure: Failure,
    /// Whose key was shown, if it is known.
    pub key: Option<KeyName>,
}

impl From<Failure> for KeptOut {
    fn from(failure: Failure) -> Self {
        Self { failure, key: None }
    }
}
