//! Renewals of a real home against the sandbox: what is on disk, in memory, and what the provider saw.

mod ends;
mod keeping;
pub(crate) mod scene;
mod spends;
