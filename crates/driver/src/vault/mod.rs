//! The key of the store, and sealing under it.

mod key;
mod passphrase;
mod sealing;
mod source;

pub(crate) use passphrase::Stretch;
pub use sealing::{Unopened, Vault};
pub use source::KeySource;
