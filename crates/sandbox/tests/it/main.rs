//! Proves that the sandbox is faithful where it should be, and broken only where it was told to be.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod devices;
mod discovery;
mod exchange;
mod inference;
mod inference_faults;
mod panel;
mod proxy;
mod refresh;
mod streams;
mod tls;
mod token_faults;
mod visitor;
