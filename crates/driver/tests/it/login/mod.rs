//! Logging in: the callback listener, the endpoints' cache, and whole logins against the sandbox.

mod loopback;
mod rows;
