//! Counts what happens in one renewal.

use std::sync::Arc;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::recovery::Renewed;
use evergrant_engine::recovery::renewal::Input;
use evergrant_engine::verdict::{Channel, Verdict};
use tokio::time::Instant;

use crate::measures::{Measures, OfProvider, Outcome, Raised};

/// One renewal, while it flies.
pub(super) struct RenewalCount {
    of: Arc<OfProvider>,
    began: Instant,
    /// Since when it has found the lock held.
    waits_since: Option<(Instant, Raised)>,
    _flying: Raised,
}

impl RenewalCount {
    /// A renewal begins.
    pub(super) fn begin(measures: &Measures, provider: &ProviderId) -> Self {
        let of = measures.providers.of(provider);
        Self {
            began: Instant::now(),
            waits_since: None,
            _flying: of.renewals_in_flight.raise(),
            of,
        }
    }

    /// Something happened to it.
    pub(super) fn saw(&mut self, input: &Input) {
        match input {
            Input::Busy { .. } => {
                self.waits_since
                    .get_or_insert_with(|| (Instant::now(), self.of.waiting_for_lock.raise()));
            }
            Input::Locked => self.wait_is_over(),
            Input::NotClaimed => self.of.claim_conflicts.one(),
            Input::Refused { reading, .. } => self.of.judged(Channel::Token, reading.verdict),
            Input::Granted => {
                if let Some(success) = Verdict::parse(GRANTED) {
                    self.of.judged(Channel::Token, success);
                }
            }
            Input::Broke { phase, .. } => self.of.unanswered(Channel::Token, *phase),
            Input::Viewed(_)
            | Input::StoreFailed(_)
            | Input::Located(_)
            | Input::NotLocated(_)
            | Input::Waited
            | Input::Connected
            | Input::Claimed
            | Input::GaveUp
            | Input::NotMarked(_)
            | Input::Committed(_)
            | Input::LostToLogout
            | Input::LostToLogin(_)
            | Input::NotCommitted(_) => {}
        }
    }

    /// It has ended.
    pub(super) fn ended(mut self, renewed: &Renewed) {
        // Whoever gave up on the lock has waited for it as well.
        self.wait_is_over();
        self.of.ended(Outcome::of(renewed));
        self.of.renewing.observe(self.began.elapsed());
    }

    fn wait_is_over(&mut self) {
        if let Some((since, _)) = self.waits_since.take() {
            self.of.lock_wait.observe(since.elapsed());
        }
    }
}

/// How a token that was given is counted.
const GRANTED: &str = "success";
