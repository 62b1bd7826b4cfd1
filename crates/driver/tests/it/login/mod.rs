//! Logging in: the callback listener, the endpoints' cache, and whole logins against the sandbox.

pub(crate) mod bench;
mod endpoints;
mod flows;
mod loopback;
mod rows;
