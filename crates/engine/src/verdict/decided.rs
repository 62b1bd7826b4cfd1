//! What decided about an answer, and what a row has to say.

use std::sync::Arc;

use super::evidence::Evidence;
use super::matching::{Hit, Setting, one_by_one};
use super::reading::SignalRef;
use super::ties::stronger;
use crate::provider::{Row, Signal, Tier};
use crate::vocabulary::Verdict;

/// What decided.
pub(super) enum Decided<'s> {
    /// A signal of a table.
    Signal(&'s Arc<Signal>),
    /// A rule in code, of that tier.
    Rule(Verdict, &'static str, Tier),
}

impl Decided<'_> {
    /// The verdict.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Signal(signal) => signal.verdict,
            Self::Rule(verdict, ..) => *verdict,
        }
    }

    /// The name of what decided.
    pub(super) fn signal(&self) -> SignalRef {
        match self {
            Self::Signal(signal) => SignalRef {
                name: signal.name.clone(),
                tier: signal.tier,
                file: signal.file.clone(),
                line: signal.line,
            },
            Self::Rule(_, name, tier) => SignalRef {
                name: (*name).to_owned(),
                tier: *tier,
                file: "built-in".to_owned(),
                line: 0,
            },
        }
    }
}

/// The strongest match of the row's tiers: the user's first match, else the best of the provider's.
pub(super) fn of_row<'s>(row: Option<&'s Row>, setting: Setting, evidence: &Evidence<'_>) -> Option<Hit<'s>> {
    let row = row?;
    let of_tier = |tier| row.signals.iter().filter(move |signal| signal.tier == tier);
    one_by_one(of_tier(Tier::User), setting, evidence)
        .next()
        .or_else(|| one_by_one(of_tier(Tier::Provider), setting, evidence).fold(None, stronger))
}
