//! evergrant as a library: the store, the network and the clock around the pure engine.

pub mod clock;
pub mod core_dump;
pub mod entropy;
pub mod explain;
pub mod fault;
mod file_system;
pub mod home;
pub mod http;
pub mod loopback;
pub mod metadata;
mod private_file;
pub mod provider;
pub mod settings;
pub mod sign_in;
pub mod store;
pub mod vault;

pub use evergrant_engine::credential::{CredentialId, Generation, Kind, Label, ProviderId};
pub use evergrant_engine::failure::{Blame, Code, Failure};
pub use evergrant_engine::provider::Flow;
pub use evergrant_engine::remedy::Remedy;
pub use evergrant_engine::secret::Secret;
pub use evergrant_engine::time::{Moment, Timestamp};
pub use evergrant_engine::verdict::{Channel, Verdict};

pub use explain::explain;
pub use provider::providers;
