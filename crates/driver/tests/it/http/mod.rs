//! The network module as its callers see it, against servers of raw bytes.

mod authority;
mod exchange;
mod multiplexed;
mod pooled;
mod pooled_breaks;
mod proxy;
mod server;
mod tls;
mod turns;
