//! The one classifier: what an answer means.

mod body;
mod classify;
mod duration;
mod evidence;
mod first_sight;
mod json;
mod keys;
mod matching;
mod reading;
mod retry_after;
mod sink;
mod sse;
mod status;
mod tables;
mod ties;
mod token;
mod wording;

pub use crate::vocabulary::{Channel, Verdict};
pub use classify::classify;
pub use evidence::{BODY_LIMIT, Evidence, Role, Shape};
pub use first_sight::{claims_success, may_have_moved};
pub use reading::{Reading, SignalRef};
pub use sse::{EventMeaning, judge_event};
