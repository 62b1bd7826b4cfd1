//! A cooldown beside a health that says something weightier, and so stays what it is.

use super::record::{Health, Rest, Standing};
use crate::credential::Generation;
use crate::time::Timestamp;
use crate::vocabulary::{Channel, Verdict};

impl Rest {
    /// The health that it is where nothing weightier is known.
    pub const fn health(&self, generation: Generation) -> Health {
        let until = self.until;
        if matches!(self.why, Verdict::NotEntitled) {
            Health::NotEntitled { until, generation }
        } else if matches!(self.why, Verdict::AccountDisabled) {
            Health::AccountDisabled { until }
        } else {
            Health::Cooling { until, why: self.why }
        }
    }
}

impl Standing {
    /// The cooldown that stands beside its health.
    pub fn resting(&self, now: Timestamp) -> Option<&Rest> {
        let rest = self.rest.as_deref()?;
        (serves_beside(&self.health) && rest.until > now).then_some(rest)
    }

    /// The same with a weightier health, beside which a cooldown goes on.
    #[must_use]
    pub fn overshadowed(self, health: Health) -> Self {
        let (until, why) = match self.health {
            Health::Cooling { until, why } => (until, why),
            Health::NotEntitled { until, .. } => (until, Verdict::NotEntitled),
            Health::AccountDisabled { until } => (until, Verdict::AccountDisabled),
            Health::Ready
            | Health::OutcomeUnknown { .. }
            | Health::Quarantined { .. }
            | Health::NeedsLogin { .. }
            | Health::Unsaved { .. }
            | Health::LoggedOut { .. } => return Self { health, ..self },
        };
        let earned = self.last_error.as_ref();
        let earned = earned.filter(|error| error.channel == Channel::Inference);
        let rest = Rest {
            refused_at: earned.map(|error| error.at).unwrap_or_default(),
            until,
            why,
            strikes: self.strikes,
        };
        Self {
            health,
            strikes: 0,
            rest: Some(Box::new(rest)),
            ..self
        }
    }
}

/// Whether its access token may serve though its health says more than that it cools down.
const fn serves_beside(health: &Health) -> bool {
    match health {
        Health::OutcomeUnknown { .. } | Health::Quarantined { .. } | Health::Unsaved { .. } => true,
        Health::Ready
        | Health::Cooling { .. }
        | Health::NeedsLogin { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. }
        | Health::LoggedOut { .. } => false,
    }
}
