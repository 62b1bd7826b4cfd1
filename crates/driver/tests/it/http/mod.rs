//! The network module as its callers see it, against servers of raw bytes.

mod authority;
mod exchange;
mod proxy;
mod server;
mod tls;
