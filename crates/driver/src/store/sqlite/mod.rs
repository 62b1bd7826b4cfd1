//! The store in one SQLite file.

mod claims;
mod connection;
mod contents;
mod number;
mod opening;
mod records;
mod revocations;
mod schema;
mod store;
mod trouble;

pub use opening::Mode;
pub use store::SqliteStore;
