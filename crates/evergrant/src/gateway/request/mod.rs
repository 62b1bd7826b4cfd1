//! One request from its head to the last byte of its answer: where it leads, whom it asks, what is noted of it.

mod destination;
mod forward;
mod metered;
mod metrics;
mod model_terms;
mod models;
mod noted;
mod received;
mod request_id;
mod service;
mod traced;
mod trail;

pub(super) use service::Gateway;
