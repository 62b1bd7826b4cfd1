//! The store in one SQLite file.

mod claims;
mod client_keys;
mod connection;
mod contents;
mod form;
mod number;
mod opening;
mod records;
mod restoring;
mod revocations;
mod schema;
mod store;
mod trouble;

pub(crate) use connection::{index_of, log_of, reader, writer};
pub(crate) use form::Form;
pub use opening::Mode;
pub use store::SqliteStore;
pub(crate) use trouble::Trouble;
