//! The table of cooldowns: how long a verdict keeps a credential from being used, built in and as a provider has it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::protection::{Protection, stands};
use crate::provider::{COOLING, Pause, Pauses};
use crate::vocabulary::Verdict;

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How long the first cooldown lasts when the answer names no time.
    pub first: Duration,
    /// The longest that doubling makes of it.
    pub most: Duration,
    /// Whether the answer's own time counts.
    pub reset: Reset,
    /// The longest that the sole credential of a pool is kept away, if that is shortened at all.
    pub sole_most: Option<Duration>,
}

/// Whether the time an answer names decides the cooldown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// It does, up to this much.
    Own(Duration),
    /// It does not: only our own doubling counts.
    Ours,
}

/// The table as it holds for one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldowns {
    rules: BTreeMap<Verdict, Rule>,
    by_model: Vec<Verdict>,
}

impl Cooldowns {
    /// The built-in table under what the row says, and that under what the user's configuration says.
    pub fn of(row: &Pauses, own: &Pauses) -> Self {
        let mut rules: BTreeMap<_, _> = COOLING
            .into_iter()
            .filter_map(|verdict| Some((verdict, rule(verdict)?)))
            .collect();
        for (verdict, pause) in row.of.iter().chain(&own.of) {
            if let Some(rule) = rules.get_mut(verdict) {
                *rule = rule.with(pause);
            }
        }
        let by_model = own.by_model.as_ref().or(row.by_model.as_ref());
        Self {
            rules,
            by_model: by_model.cloned().unwrap_or_default(),
        }
    }

    /// The line of a verdict; `None` is "never a penalty on the credential".
    pub fn rule(&self, verdict: Verdict) -> Option<Rule> {
        self.rules.get(&verdict).copied()
    }

    /// Whether that verdict is said of a model and not of the account.
    pub fn is_by_model(&self, verdict: Verdict) -> bool {
        self.by_model.contains(&verdict)
    }

    /// Whether any is.
    pub const fn has_limits_by_model(&self) -> bool {
        !self.by_model.is_empty()
    }
}

/// As it is built in.
impl Default for Cooldowns {
    fn default() -> Self {
        Self::of(&Pauses::default(), &Pauses::default())
    }
}

/// The built-in line of a verdict.
fn rule(verdict: Verdict) -> Option<Rule> {
    let line = |first, reset, sole_most| {
        Some(Rule {
            first,
            most: OURS_AT_MOST,
            reset,
            sole_most,
        })
    };
    match verdict {
        Verdict::OutOfCredit => line(MONEY, Reset::Own(OWN_RESET_AT_MOST), None),
        Verdict::UsageLimited => line(OTHER, Reset::Own(OWN_RESET_AT_MOST), None),
        Verdict::RateLimited => line(OTHER, Reset::Own(OWN_RESET_AT_MOST), Some(SOLE)),
        Verdict::Unauthenticated
        | Verdict::UnknownDenial
        | Verdict::NotEntitled
        | Verdict::InsufficientScope
        | Verdict::AccountDisabled => line(OTHER, Reset::Ours, Some(SOLE)),
        Verdict::Success
        | Verdict::UpstreamLimited
        | Verdict::Overloaded
        | Verdict::ServerError
        | Verdict::EdgeBlocked
        | Verdict::ModelUnavailable
        | Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::PayloadTooLarge
        | Verdict::InvalidRequest
        | Verdict::NotFound
        | Verdict::Timeout
        | Verdict::GrantDead
        | Verdict::ClientRejected
        | Verdict::RequestRejected
        | Verdict::Pending
        | Verdict::SlowDown
        | Verdict::DeviceCodeExpired
        | Verdict::AccessDenied
        | Verdict::Transient
        | Verdict::OutcomeUnknown => None,
    }
}

impl Rule {
    /// How long to cool: the answer's own time if it counts, else the first length doubled for each earlier strike, with
    /// jitter from the second time on.
    pub fn length(&self, own: Option<Duration>, strikes: u32, entropy: u64, sole: bool) -> Duration {
        let length = match (self.reset, own) {
            (Reset::Own(_), Some(own)) if !stands(Protection::ResetClamped) => own,
            (Reset::Own(at_most), Some(own)) => own.min(at_most),
            (Reset::Own(_), None) | (Reset::Ours, _) => self.doubled(strikes, entropy),
        };
        match self.sole_most {
            Some(at_most) if sole => length.min(at_most),
            Some(_) | None => length,
        }
    }

    fn doubled(&self, strikes: u32, entropy: u64) -> Duration {
        // Ten doublings of a second are beyond an hour already; more would only overflow.
        let whole = self.first.saturating_mul(1 << strikes.min(10)).min(self.most);
        if strikes == 0 {
            return whole;
        }
        let spread = whole / JITTER_SHARE;
        let steps = 1_000;
        whole - spread.saturating_mul(u32::try_from(entropy % (steps + 1)).unwrap_or(0)) / 1_000
    }

    fn with(self, pause: &Pause) -> Self {
        let first = pause.first.unwrap_or(self.first);
        Self {
            first,
            // Who asks for a longer first one asks for no shorter later ones.
            most: pause.most.unwrap_or(self.most).max(first),
            reset: match (self.reset, pause.reset_most) {
                (Reset::Own(_), Some(at_most)) => Reset::Own(at_most),
                (reset @ (Reset::Own(_) | Reset::Ours), _) => reset,
            },
            sole_most: pause.sole_most.or(self.sole_most),
        }
    }
}

/// An empty purse is rarely filled within the hour; a top-up is found by a probe long before.
const MONEY: Duration = Duration::from_secs(3_600);

/// Rate windows are a minute almost everywhere, and a denial costs little to ask again.
const OTHER: Duration = Duration::from_secs(60);

/// With nobody else to ask, a minute of silence is the most that a guess of ours may cost.
const SOLE: Duration = Duration::from_secs(60);

/// Our own guesses never keep a credential away longer than an hour.
const OURS_AT_MOST: Duration = Duration::from_secs(3_600);

/// Weekly windows exist, monthly ones are usually misread dates: a provider's own time counts up to 8 days.
const OWN_RESET_AT_MOST: Duration = Duration::from_secs(8 * 86_400);

/// Repeated cooldowns end up to a quarter early, so that many processes do not come back together.
const JITTER_SHARE: u32 = 4;
