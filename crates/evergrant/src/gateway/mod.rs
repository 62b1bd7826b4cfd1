//! The gateway: agents that already exist speak to it as to their provider, and every repair happens behind it.

mod body;
mod connection;
mod destination;
mod forward;
mod guard;
mod in_band;
mod keep_alive;
mod listener;
mod models;
mod refusal;
mod request_id;
mod serve;
mod service;
mod status;
mod surface;
mod tail;
mod trail;
mod tunnel;

pub(crate) use serve::{ServeOptions, serve};
