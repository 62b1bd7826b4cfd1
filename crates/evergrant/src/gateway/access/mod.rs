//! The access log: one line for each request, off unless it is asked for, and never in a request's way.

mod entry;
mod line;
mod log;
mod place;
mod reopening;
mod shown;

pub(super) use entry::{Ended, Entry};
pub(super) use log::AccessLog;
pub(super) use reopening::reopen_when_told;
#[cfg(feature = "otel")]
pub(super) use shown::model as shown_model;
pub(super) use shown::{client_id, path as shown_path};
