//! One step: what the client saw, what the provider saw, and what was not as promised.

use std::fmt::{Debug, Display};
use std::time::Duration;

use evergrant_driver::{Account, Remedy};
use evergrant_sandbox::Counters;

/// A step that was taken.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its stable name.
    pub(crate) name: &'static str,
    /// What happens in it, for people.
    pub(crate) title: &'static str,
    /// What the client saw, if it asked anything.
    pub(crate) client: Option<Client>,
    /// What the provider saw.
    pub(crate) provider: Provider,
    /// What `status` says afterwards, where that is the point.
    pub(crate) status: Option<Status>,
    /// What was not as promised; a step that held has nothing here.
    pub(crate) differs: Vec<String>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// An answer as the client saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client {
    /// The status.
    pub(crate) status: u16,
    /// `x-evergrant-repaired`, word by word.
    pub(crate) repaired: Vec<String>,
    /// Whether the answer came as a stream.
    pub(crate) streamed: bool,
}

/// What the provider counted during a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Provider {
    /// Logins: codes that were exchanged.
    pub(crate) logins: u64,
    /// Refresh requests.
    pub(crate) refreshes: u64,
    /// Inference requests.
    pub(crate) requests: u64,
    /// Inference requests that were answered with success.
    pub(crate) accepted: u64,
}

/// What `evergrant status` says of the one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// Its health.
    pub(crate) health: &'static str,
    /// What the last refusal meant, if nothing has mended it since.
    pub(crate) verdict: Option<&'static str>,
    /// What would help.
    pub(crate) remedy: Option<Remedy>,
}

impl From<&Account> for Status {
    fn from(account: &Account) -> Self {
        Self {
            health: account.health,
            verdict: account.last_error.as_ref().map(|error| error.verdict.as_str()),
            remedy: account.remedy.clone(),
        }
    }
}

impl Step {
    /// Whether everything was as promised.
    pub(crate) fn held(&self) -> bool {
        self.differs.is_empty()
    }

    /// Notes a difference, if there is one.
    pub(super) fn expect<T: Debug + PartialEq>(&mut self, what: &str, found: T, promised: T) {
        if found != promised {
            self.differs.push(format!("{what} is {found:?}, not {promised:?}"));
        }
    }

    /// Notes what went wrong altogether.
    pub(super) fn fail(&mut self, why: impl Display) {
        self.differs.push(why.to_string());
    }
}

impl Provider {
    /// What came between two counts.
    pub(super) fn between(before: &Counters, after: &Counters) -> Self {
        let logins = |counters: &Counters| counters.token_by_grant_type.get("authorization_code").copied();
        let more = |after: u64, before: u64| after.saturating_sub(before);
        Self {
            logins: more(logins(after).unwrap_or(0), logins(before).unwrap_or(0)),
            refreshes: more(after.refreshes, before.refreshes),
            requests: more(after.inference_requests, before.inference_requests),
            accepted: more(after.inference_accepted, before.inference_accepted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_holds_until_something_differs() {
        let mut step = Step {
            name: "one",
            title: "one",
            client: None,
            provider: Provider::default(),
            status: None,
            differs: Vec::new(),
            took: Duration::ZERO,
        };
        step.expect("the number of refreshes", 1, 1);
        assert!(step.held());
        step.expect("the number of refreshes", 2, 1);
        step.fail("the connection failed");
        assert!(!step.held());
        assert_eq!(
            step.differs,
            ["the number of refreshes is 2, not 1", "the connection failed"]
        );
    }
}
