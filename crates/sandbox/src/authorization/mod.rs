//! The authorization server: discovery, consent, tokens, devices, revocation.

mod authorize;
mod client;
mod device;
mod discovery;
mod endpoints;
mod pages;
mod revoke;
mod token;

pub(crate) use endpoints::answer;
