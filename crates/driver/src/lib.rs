//! evergrant as a library: the store, the network and the clock around the pure engine.

pub mod clock;
pub mod entropy;
pub mod http;
pub mod loopback;
pub mod store;
