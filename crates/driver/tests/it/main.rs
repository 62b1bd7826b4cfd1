//! The driver seen from outside: on a real disk, against raw servers that break at every point, and against the sandbox.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod acceptance;
mod client;
mod examples;
mod history;
mod http;
mod imports;
mod lending;
mod login;
mod pool;
mod renewal;
mod store;
