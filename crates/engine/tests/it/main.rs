//! The engine as others see it: acceptance cases by their names, and stories of its parts.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod acceptance;
mod fuzzed;
mod login;
mod model;
mod provider;
mod rows;
mod verdict;
