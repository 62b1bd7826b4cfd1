//! One renewal: one spend, nothing lost.

mod ask;
mod ending;
mod hearing;
mod input;
mod jitter;
mod limits;
mod machine;
#[cfg(test)]
mod machine_tests;
mod rejection;
mod renewed;
#[cfg(test)]
mod restored_tests;
mod rules;
#[cfg(test)]
mod scene_tests;
mod schedule;
#[cfg(test)]
mod walk_tests;

pub use ask::{Ask, Asker, Reason, Terms, View};
pub use ending::{Ending, Quarantined};
pub use hearing::{Heard, hear};
pub use input::Input;
pub use limits::{ANSWER_PATIENCE, CALLER_PATIENCE, CLAIM_FRESH_FOR, CONNECT_PATIENCE, LOCK_PATIENCE};
pub use machine::{Action, Renewal, Step};
pub use renewed::{Obstacle, Renewed};
pub use rules::aging_since;
pub use schedule::{lead, next_renewal, renew_in, too_short};
