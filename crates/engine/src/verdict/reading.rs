//! What the classifier says: the verdict, which signal decided, and when to come back.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::provider::Tier;
use crate::vocabulary::Verdict;

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it means.
    pub verdict: Verdict,
    /// Which signal decided.
    pub signal: SignalRef,
    /// How long until it is worth trying again, if the answer says so; unclamped.
    pub retry_after: Option<Duration>,
    /// What says so.
    pub reset_source: Option<ResetSource>,
    /// At most 200 characters of whitelisted error fields, redacted, for `status`.
    pub fragment: String,
}

impl Reading {
    /// What a rule in code says without a word of a body. Every good answer is read so: it allocates nothing.
    pub(super) fn by_rule(verdict: Verdict, name: &'static str) -> Self {
        Self {
            verdict,
            signal: SignalRef::of_rule(name, Tier::Status),
            retry_after: None,
            reset_source: None,
            fragment: String::new(),
        }
    }

    /// Whether the provider has accepted the request and done what it asks.
    pub fn is_acceptance(&self) -> bool {
        self.verdict == Verdict::Success
    }

    /// Whether only the grammar knew the answer's words: such a reading proves nothing.
    pub const fn is_opinion(&self) -> bool {
        matches!(self.signal.tier, Tier::Words)
    }

    /// Whether a table knew the answer's words, or there was nothing to know.
    pub fn is_placed(&self) -> bool {
        self.signal.tier != Tier::Status || self.verdict == Verdict::Success
    }
}

/// What tells when it is worth trying again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResetSource {
    /// The header of that name.
    Header(String),
    /// The field of the body of that name, or the header that the body quotes.
    Field(String),
    /// A sentence, after these words.
    Words(&'static str),
}

impl fmt::Display for ResetSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "the header `{name}`"),
            Self::Field(name) => write!(f, "`{name}` in the body"),
            Self::Words(words) => write!(f, "a sentence with `{words}`"),
        }
    }
}

/// Names a signal: enough to find its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalRef {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its tier.
    pub tier: Tier,
    /// Its file; built-in tables name the embedded file.
    pub file: Cow<'static, str>,
    /// Its line, 0 where a rule in code decided (status tier).
    pub line: u32,
}

impl SignalRef {
    /// Names a rule in code.
    pub(super) const fn of_rule(name: &'static str, tier: Tier) -> Self {
        Self {
            name: Cow::Borrowed(name),
            tier,
            file: Cow::Borrowed("built-in"),
            line: 0,
        }
    }
}
