//! The record of a real run, and its replay through the machine: what is walked in tests is what decides.

use super::action::Step;
use super::input::{Input, Plan};
use super::state::Attempt;
use crate::pool::View;
use crate::time::Moment;

/// One step of a real run.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What led to it.
    pub cue: Cue,
    /// What the machine could see.
    pub view: View,
    /// When.
    pub now: Moment,
    /// The entropy it was given.
    pub entropy: u64,
    /// What it said.
    pub step: Step,
}

/// What leads to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// The request begins.
    Begin(Plan),
    /// Something happened.
    Input(Input),
}

/// Where a replay and its record part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The index of the step.
    pub at: usize,
    /// What was recorded.
    pub recorded: Box<Step>,
    /// What the machine says now; `None` if it was finished already.
    pub replayed: Option<Box<Step>>,
}

/// Feeds the record of one request to the machine again, and says where the two part.
pub fn replay(records: &[Recorded]) -> Result<(), Divergence> {
    let mut machine: Option<Attempt> = None;
    for (at, record) in records.iter().enumerate() {
        let step = match (&record.cue, machine.take()) {
            (Cue::Begin(plan), _) => Some(Attempt::begin(plan.clone(), &record.view, &record.now, record.entropy)),
            (Cue::Input(input), Some(machine)) => {
                Some(machine.handle(input.clone(), &record.view, &record.now, record.entropy))
            }
            (Cue::Input(_), None) => None,
        };
        match step {
            Some(step) if step == record.step => machine = step.next,
            other => {
                return Err(Divergence {
                    at,
                    recorded: Box::new(record.step.clone()),
                    replayed: other.map(Box::new),
                });
            }
        }
    }
    Ok(())
}
