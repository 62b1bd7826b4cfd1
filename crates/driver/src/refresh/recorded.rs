//! One step of a real renewal, as tests keep it.

use evergrant_engine::recovery::renewal::{Action, Input, Renewal};
use evergrant_engine::time::Moment;

/// One step of a real renewal, kept so that it can be held against the machine again.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The machine before the step.
    pub machine: Renewal,
    /// What happened.
    pub input: Input,
    /// When.
    pub now: Moment,
    /// The entropy of the step.
    pub entropy: u64,
    /// What it said to do.
    pub action: Action,
}
