//! Renewals of a real home against the sandbox: what is on disk, in memory, and what the provider saw.

mod ends;
mod keeping;
mod logouts;
mod restores;
pub(crate) mod scene;
mod spends;
