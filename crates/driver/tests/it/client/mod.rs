//! Requests through the one client, against the sandbox and against servers that break.

pub(crate) mod asking;
mod bodies;
pub(crate) mod listening;
mod probing;
mod reload;
mod repairs;
mod streams;
mod trouble;
