//! evergrant as a library: the store, the network and the clock around the pure engine.

pub mod clock;
pub mod core_dump;
pub mod entropy;
pub mod http;
pub mod loopback;
pub mod store;

pub use evergrant_engine::credential::{CredentialId, Generation, Kind, Label, ProviderId};
pub use evergrant_engine::failure::{Blame, Code, Failure};
pub use evergrant_engine::provider::Flow;
pub use evergrant_engine::remedy::Remedy;
pub use evergrant_engine::secret::Secret;
pub use evergrant_engine::time::{Moment, Timestamp};
pub use evergrant_engine::verdict::{Channel, Verdict};
