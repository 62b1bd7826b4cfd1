//! How long a refusal keeps a credential away, where a row or a configuration says otherwise than the built-in table.

use std::time::Duration;

use crate::vocabulary::Verdict;

/// What is said of the cooldowns of one verdict; what is silent stays as it is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Pause {
    /// The first cooldown, where the answer names no time; repetition doubles it.
    pub first: Option<Duration>,
    /// The longest that doubling makes of it.
    pub most: Option<Duration>,
    /// The longest that the answer's own time counts for.
    pub reset_most: Option<Duration>,
    /// The longest that the sole credential of a pool is kept away.
    pub sole_most: Option<Duration>,
}

/// Everything that is said of a provider's cooldowns.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pauses {
    /// Verdict by verdict.
    pub of: Vec<(Verdict, Pause)>,
    /// The verdicts that are the model's and not the account's: a credential that earns one for a model goes on serving
    /// the others. `None` is silent.
    pub by_model: Option<Vec<Verdict>>,
}

/// The verdicts for which a credential cools down.
pub const COOLING: [Verdict; 8] = [
    Verdict::OutOfCredit,
    Verdict::UsageLimited,
    Verdict::RateLimited,
    Verdict::Unauthenticated,
    Verdict::UnknownDenial,
    Verdict::NotEntitled,
    Verdict::InsufficientScope,
    Verdict::AccountDisabled,
];

/// Those of them that a provider may count model by model.
pub const BY_MODEL: [Verdict; 2] = [Verdict::UsageLimited, Verdict::RateLimited];
