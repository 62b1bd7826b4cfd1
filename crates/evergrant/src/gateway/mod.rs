//! The gateway: agents that already exist speak to it as to their provider, and every repair happens behind it.

mod access;
mod answer;
mod connection;
mod door;
mod life;
mod listening;
mod measures;
mod request;
mod stage;
mod tunnel;

pub(crate) use life::{ServeOptions, ServiceManager, Serving, serve};
pub(crate) use listening::inherited_sockets;
