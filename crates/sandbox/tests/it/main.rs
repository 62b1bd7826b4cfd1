//! Proves that the sandbox is faithful where it should be, and broken only where it was told to be.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod exchange;
mod refresh;
mod visitor;
