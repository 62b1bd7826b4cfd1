//! The gateway: agents that already exist speak to it as to their provider, and every repair happens behind it.

mod access;
mod body;
mod coming;
mod connection;
mod crew;
mod destination;
mod forward;
mod guard;
mod in_band;
mod inherited;
mod keep_alive;
mod listener;
mod measures;
mod metered;
mod metrics;
mod models;
mod noted;
mod preface;
mod refusal;
mod request_id;
mod serve;
mod service;
mod service_manager;
mod serving;
mod stage;
mod status;
mod surface;
mod tail;
mod told;
mod trail;
mod tunnel;

pub(crate) use inherited::inherited_sockets;
pub(crate) use serve::serve;
pub(crate) use service_manager::ServiceManager;
pub(crate) use serving::{ServeOptions, Serving};
