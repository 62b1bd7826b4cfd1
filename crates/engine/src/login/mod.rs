//! Logging in: what is sent to an authorization server and what its answers say.
