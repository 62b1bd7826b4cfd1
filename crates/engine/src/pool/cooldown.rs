//! The table of cooldowns: how long a verdict keeps a credential from being used.

use std::time::Duration;

use crate::vocabulary::Verdict;

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How long the first cooldown lasts when the answer names no time.
    pub base: Duration,
    /// Whether the answer's own time counts.
    pub reset: Reset,
    /// The longest that the sole credential of a pool is kept away, if that is shortened at all.
    pub sole_at_most: Option<Duration>,
}

/// Whether the time an answer names decides the cooldown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// It does, up to 8 days.
    Own,
    /// It does not: only our own doubling counts.
    Ours,
}

/// The line of a verdict; `None` is "never a penalty on the credential".
pub const fn rule(verdict: Verdict) -> Option<Rule> {
    match verdict {
        Verdict::OutOfCredit => Some(Rule {
            base: MONEY,
            reset: Reset::Own,
            sole_at_most: None,
        }),
        Verdict::UsageLimited => Some(Rule {
            base: OTHER,
            reset: Reset::Own,
            sole_at_most: None,
        }),
        Verdict::RateLimited => Some(Rule {
            base: OTHER,
            reset: Reset::Own,
            sole_at_most: Some(SOLE),
        }),
        Verdict::Unauthenticated
        | Verdict::UnknownDenial
        | Verdict::NotEntitled
        | Verdict::InsufficientScope
        | Verdict::AccountDisabled => Some(Rule {
            base: OTHER,
            reset: Reset::Ours,
            sole_at_most: Some(SOLE),
        }),
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
    /// How long to cool: the answer's own time if it counts, else the base doubled for each earlier strike, with jitter
    /// from the second time on.
    pub fn length(&self, own: Option<Duration>, strikes: u32, entropy: u64, sole: bool) -> Duration {
        let length = match (self.reset, own) {
            (Reset::Own, Some(own)) => own.min(OWN_RESET_AT_MOST),
            (Reset::Own, None) | (Reset::Ours, _) => doubled(self.base, strikes, entropy),
        };
        match self.sole_at_most {
            Some(at_most) if sole => length.min(at_most),
            Some(_) | None => length,
        }
    }
}

/// How long after the last request another one may go through as a probe, while this much of a cooldown is left.
pub(super) fn probe_interval(rest: Duration) -> Duration {
    (rest / 10).min(PROBE_AT_MOST)
}

fn doubled(base: Duration, strikes: u32, entropy: u64) -> Duration {
    // Ten doublings of a second are beyond an hour already; more would only overflow.
    let whole = base.saturating_mul(1 << strikes.min(10)).min(OURS_AT_MOST);
    if strikes == 0 {
        return whole;
    }
    let spread = whole / JITTER_SHARE;
    let steps = 1_000;
    whole - spread * u32::try_from(entropy % (steps + 1)).unwrap_or(0) / 1_000
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

/// A lifted limit or a top-up is found within a minute.
const PROBE_AT_MOST: Duration = Duration::from_secs(60);

/// Repeated cooldowns end up to a quarter early, so that many processes do not come back together.
const JITTER_SHARE: u32 = 4;
