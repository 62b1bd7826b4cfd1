//! The network: the only place that dials out.

mod broken;
mod counted;
mod dial;
mod exchange;
mod network;
mod no_proxy;
mod proxy;
mod settings;
mod stream;
mod target;
mod tls;
mod tunnel;

pub use broken::Broken;
pub use exchange::{ExchangeLimits, Fresh};
pub use network::Network;
pub use settings::NetworkSettings;
