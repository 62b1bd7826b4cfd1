//! The gateway as a process of its own: what goes through it byte for byte, what it repairs, and what it keeps out.

mod access_log;
mod bytes;
mod deployed;
#[cfg(target_os = "linux")]
mod descriptors;
pub(crate) mod desk;
mod doors;
mod ending;
mod framing;
mod framing_rows;
#[cfg(target_os = "linux")]
mod handed_over;
mod key_budget;
mod key_models;
mod keys;
mod life;
mod limits;
mod metrics;
pub(crate) mod numbers;
mod repairs;
mod restored;
mod sharing;
mod slow_clients;
mod socket;
mod socket_terms;
mod streams;
mod surfaces;
mod tls;
#[cfg(feature = "otel")]
mod traces;
pub(crate) mod upstream;
mod usage;
mod withheld;
