//! evergrant as a library: the store, the network and the clock around the pure engine.

mod account;
mod accounts;
pub mod clock;
pub mod core_dump;
mod driver;
pub mod entropy;
pub mod explain;
pub mod fault;
mod file_system;
pub mod home;
pub mod http;
mod keeper;
mod kernel;
mod ledger;
pub mod loopback;
pub mod metadata;
mod private_file;
pub mod provider;
mod refresh;
pub mod settings;
pub mod sign_in;
pub mod store;
pub mod vault;

pub use account::{Account, AccountError};
pub use accounts::{KeySource, Logout};
pub use driver::{Driver, Hooks, accounts};
pub use evergrant_engine::credential::{CredentialId, Generation, Kind, Label, ProviderId};
pub use evergrant_engine::failure::{Blame, Code, Failure};
pub use evergrant_engine::provider::Flow;
pub use evergrant_engine::remedy::Remedy;
pub use evergrant_engine::secret::Secret;
pub use evergrant_engine::time::{Moment, Timestamp};
pub use evergrant_engine::verdict::{Channel, Verdict};
pub use explain::explain;
pub use provider::providers;
pub use refresh::Recorded;
