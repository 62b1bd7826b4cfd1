//! The gateway's own numbers, and how all numbers are shown.

mod counts;
mod exposition;
mod family;
mod operation;
mod page;
mod process;
mod running;

pub(super) use counts::Measures;
pub(super) use operation::Operation;
pub(super) use page::{open_metrics, plain};
pub(super) use running::{Ending, Running};
