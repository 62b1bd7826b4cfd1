//! Looks at everything that a home depends on and says what is wrong with it; it mends nothing.

mod clock;
mod configuration;
mod credentials;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod disk;
mod examination;
mod finding;
mod gateway;
mod home;
mod journals;
mod key;
mod locks;
mod network;
mod permissions;
mod processes;
mod revocations;
mod shell;
mod store;

pub(crate) use clock::against;
pub use examination::doctor;
pub use finding::{Finding, Level};
