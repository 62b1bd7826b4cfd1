//! The store: what its contract promises, and what it does with a bad disk.

mod damage;
mod fixture;
mod peer;
#[cfg(target_os = "linux")]
mod permission;
mod promises_of_claims;
mod promises_of_client_keys;
mod promises_of_records;
mod promises_of_restores;
mod promises_of_revocations;
mod races;
mod recovery;
mod sqlite;
