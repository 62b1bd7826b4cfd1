//! One request: what to do about each thing that happens to it, within its budgets.

mod action;
#[cfg(test)]
mod bounds_tests;
mod course;
mod denied;
mod ending;
mod failing;
mod guard;
mod input;
mod limited;
pub mod limits;
mod machine;
mod moving;
mod note;
#[cfg(test)]
mod pair_tests;
mod state;
#[cfg(test)]
mod stories_tests;
#[cfg(test)]
mod story_tests;
mod strained;
mod trace;
#[cfg(test)]
mod walk_alphabet_tests;
#[cfg(test)]
mod walk_rules_tests;
#[cfg(test)]
mod walk_tests;
#[cfg(test)]
mod walker_tests;
#[cfg(test)]
mod world_tests;

pub use action::{Action, Renew, Step, Tally};
pub use input::{Input, Plan, Replay};
pub use note::{Act, Note};
pub use state::Attempt;
pub use trace::{Cue, Divergence, Recorded, replay};
