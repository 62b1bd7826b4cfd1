//! The key of the store, and sealing under it.
//!
//! Where the key comes from is the contract. The vault itself is public for the tests, and hidden from the docs.

mod key;
mod passphrase;
mod sealing;
mod source;

pub(crate) use passphrase::Stretch;
#[doc(hidden)]
pub use sealing::{Unopened, Vault};
pub use source::KeySource;
