//! One renewal: one spend, nothing lost.

mod ask;
mod ending;
mod input;
mod jitter;
mod limits;
mod machine;
mod renewed;
mod rules;

pub use ask::{Ask, Asker, Reason, Terms, View};
pub use ending::{Ending, Quarantined};
pub use input::Input;
pub use limits::{ANSWER_PATIENCE, CLAIM_FRESH_FOR, CONNECT_PATIENCE, LOCK_PATIENCE};
pub use machine::{Action, Renewal, Step};
pub use renewed::{Obstacle, Renewed};
