//! The one classifier: what an answer means.

mod advice;
mod body;
mod classify;
mod decided;
mod duration;
mod evidence;
mod first_sight;
mod found;
mod glance;
mod json;
mod keys;
mod matching;
mod point;
mod reading;
mod retry_after;
mod sentence;
mod sink;
mod sse;
mod status;
mod tables;
mod ties;
mod token;
mod windows;
mod wording;
mod zone;

pub use crate::vocabulary::{Channel, Verdict};
pub use advice::{Situation, advise, code, message};
pub use classify::classify;
pub use evidence::{BODY_LIMIT, Evidence};
pub use first_sight::{claims_success, may_have_moved};
pub use found::{Role, Shape};
pub use glance::{Glance, glance};
pub use reading::{Reading, ResetSource, SignalRef};
pub use sse::{EventMeaning, judge_event};
