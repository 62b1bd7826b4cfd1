//! What decided about an answer, and what a row has to say.

use std::sync::Arc;

use super::evidence::Evidence;
use super::matching::{Hit, Setting, one_by_one};
use super::noted::Noted;
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
                name: signal.name.clone().into(),
                tier: signal.tier,
                file: signal.file.clone().into(),
                line: signal.line,
            },
            Self::Rule(_, name, tier) => SignalRef::of_rule(name, *tier),
        }
    }
}

/// The first match of the user's own signals; of an answer that looks good, only those that name its status.
pub(super) fn of_user<'s>(
    row: Option<&'s Row>,
    setting: Setting,
    evidence: &Evidence<'_>,
    looks_good: bool,
) -> Option<Hit<'s>> {
    let own = row?.signals.iter().filter(|signal| signal.tier == Tier::User);
    let asked = own.filter(|signal| !looks_good || signal.status.contains(&evidence.status()));
    one_by_one(asked, setting, evidence, None).next()
}

/// The strongest match of the row's own signals, of whose texts some may have been noted.
pub(super) fn of_provider<'s>(
    row: Option<&'s Row>,
    setting: Setting,
    evidence: &Evidence<'_>,
    noted: Option<&Noted>,
) -> Option<Hit<'s>> {
    let of_row = row?.signals.iter().filter(|signal| signal.tier == Tier::Provider);
    one_by_one(of_row, setting, evidence, noted).fold(None, stronger)
}
