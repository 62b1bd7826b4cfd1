//! An exchange that broke off: how far it came, and in words what happened.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::wire::Phase;

/// An exchange that brought no complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// `Connect` if and only if not one byte of the request was handed to the socket or to TLS.
    pub phase: Phase,
    /// What happened, for people and logs; never a secret.
    pub detail: String,
    /// Whether one of our own time limits ended it.
    pub timed_out: bool,
    /// Whether the caller forbade the first byte; the phase is then `Connect`.
    pub gave_up: bool,
    /// Whether the address is not one of the provider's hosts; the phase is then `Connect`.
    pub not_allowed: bool,
}

impl Broken {
    /// A break in this phase.
    pub(super) fn new(phase: Phase, detail: impl Into<String>) -> Self {
        Self {
            phase,
            detail: detail.into(),
            timed_out: false,
            gave_up: false,
            not_allowed: false,
        }
    }

    /// A break before the first byte of the request.
    pub(super) fn unsent(detail: impl Into<String>) -> Self {
        Self::new(Phase::Connect, detail)
    }

    /// A time limit of ours that ran out.
    pub(super) fn late(phase: Phase, what: &str, limit: Duration) -> Self {
        Self {
            timed_out: true,
            ..Self::new(phase, format!("{what} within {limit:?}"))
        }
    }

    /// The caller said no just before the first byte.
    pub(super) fn given_up() -> Self {
        Self {
            gave_up: true,
            ..Self::unsent("given up before the first byte was written")
        }
    }

    /// An address that may not be sent the provider's credentials.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self {
            not_allowed: true,
            ..Self::unsent(detail)
        }
    }

    /// The failure that a user sees, naming the host that was meant.
    pub fn into_failure(self, host: &str) -> Failure {
        let detail = self.detail;
        if self.not_allowed {
            return Failure::new(Code::RowInvalid, format!("nothing was sent to `{host}`: {detail}"));
        }
        let message = match self.phase {
            Phase::Connect => format!("cannot reach `{host}`: {detail}"),
            Phase::Sent => format!("no complete answer from `{host}`: {detail}"),
        };
        Failure::new(Code::Unreachable, message).with_remedy(Remedy::CheckNetwork { host: host.to_owned() })
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for Broken {}

/// An error with all its causes in one line.
pub(super) fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}
