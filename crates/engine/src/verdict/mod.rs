//! The one classifier: what an answer means.

mod first_sight;
mod reading;

pub use crate::vocabulary::{Channel, Verdict};
pub use first_sight::{claims_success, may_have_moved};
pub use reading::{Reading, SignalRef};
