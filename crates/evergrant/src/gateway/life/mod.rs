//! A gateway from the first address that listens to the last request that is drained.

mod crew;
mod place;
mod serve;
mod service_manager;
mod serving;
mod told;

pub(crate) use serve::serve;
pub(crate) use service_manager::ServiceManager;
pub(crate) use serving::{ServeOptions, Serving};
