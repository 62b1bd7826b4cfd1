//! The pure part of evergrant: it says what an answer means and what to do next, and touches nothing.
//!
//! No clock, disk, network, environment or randomness: `now`, entropy and bytes are handed in; requests and
//! decisions are handed out. `Cargo.toml` shows it.

pub mod credential;
pub mod failure;
pub mod login;
pub mod named;
pub mod nearest;
pub mod pool;
pub mod protection;
pub mod provider;
pub mod recovery;
pub mod remedy;
pub mod secret;
pub mod store;
pub mod time;
pub mod verdict;
pub mod vocabulary;
pub mod wire;
