//! The one classifier: what an answer means.

mod reading;

pub use crate::vocabulary::{Channel, Verdict};
pub use reading::{Reading, SignalRef};
