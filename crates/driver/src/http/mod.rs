//! The network: the only place that dials out.
//!
//! Its settings are the contract. The rest is public for the tests, which break it, and hidden from the docs: whoever sends a
//! request does so by [`crate::Driver::send`], which can repair it.

mod broken;
mod counted;
mod dial;
mod exchange;
mod keep_alive;
mod last_use;
mod load;
mod multiplexed;
mod network;
mod no_proxy;
mod origin;
mod outcome;
mod pooled;
mod proxy;
mod response_body;
mod settings;
mod stream;
mod target;
mod tls;
mod tunnel;

#[doc(hidden)]
pub use broken::Broken;
#[doc(hidden)]
pub use exchange::{ExchangeLimits, Fresh};
#[doc(hidden)]
pub use network::Network;
#[doc(hidden)]
pub use outcome::{RequestBody, Unsent};
#[doc(hidden)]
pub use pooled::{Pooled, PooledLimits};
#[doc(hidden)]
pub use response_body::ResponseBody;
pub use settings::NetworkSettings;
