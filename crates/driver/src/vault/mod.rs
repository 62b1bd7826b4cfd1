//! The key of the store, and sealing under it.

mod key;
mod sealing;
mod source;

pub use sealing::{Unopened, Vault};
pub use source::KeySource;
