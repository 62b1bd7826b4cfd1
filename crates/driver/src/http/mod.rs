//! The network: the only place that dials out.

mod broken;
mod counted;
mod dial;
mod exchange;
mod keep_alive;
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

pub use broken::Broken;
pub use exchange::{ExchangeLimits, Fresh};
pub use network::Network;
pub use outcome::RequestBody;
pub use pooled::{Pooled, PooledLimits};
pub use response_body::ResponseBody;
pub use settings::NetworkSettings;
