//! The real binary against a sandbox in this process, each test in a home and an environment of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[cfg(target_os = "linux")]
mod broken_home;
mod chat;
mod demo;
mod deploy;
mod exchange;
mod gateway;
mod interface;
mod scratch;
mod storm;
