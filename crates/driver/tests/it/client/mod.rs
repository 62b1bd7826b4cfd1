//! Requests through the one client, against the sandbox and against servers that break.

pub(crate) mod asking;
pub(crate) mod listening;
mod repairs;
