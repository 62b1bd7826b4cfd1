//! The state of a request's machine, and what it can see during one step.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::course::Course;
use super::input::Plan;
use super::limits;
use super::note::{Act, Note};
use crate::credential::{CredentialId, ProviderId};
use crate::failure::Failure;
use crate::pool::{Choice, Lease, Member, Pool, Probing, Report, View};
use crate::protection::{Protection, stands};
use crate::recovery::renewal::Reason;
use crate::time::{Moment, Timestamp};
use crate::verdict::Reading;
use crate::vocabulary::Verdict;

/// The machine of one request: it decides what to do about each answer, within its budgets. What it knows lies apart, because it
/// is handed from step to step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt(Box<Known>);

/// What the machine knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub(super) plan: Plan,
    pub(super) begun: Moment,
    /// When it was sent last.
    pub(super) sent: Option<Timestamp>,
    /// Which provider of the route it is at.
    pub(super) leg: usize,
    pub(super) fallbacks: usize,
    pub(super) tries: u32,
    /// How often this provider was overloaded or out of reach.
    pub(super) strained: u32,
    pub(super) tried: Vec<CredentialId>,
    /// The refusal that is being dealt with, until the log has heard what was done.
    pub(super) trouble: Option<Box<Trouble>>,
    /// What explains the newest answer, if that is a refusal which can be handed on.
    pub(super) held: Option<Box<Failure>>,
    /// Why the newest credential or provider gave no answer at all.
    pub(super) missed: Option<Box<Missed>>,
    pub(super) repaired: Vec<&'static str>,
    pub(super) doing: Doing,
}

impl Deref for Attempt {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.0
    }
}

impl DerefMut for Attempt {
    fn deref_mut(&mut self) -> &mut Known {
        &mut self.0
    }
}

/// What the machine waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing yet, or the next credential is to be chosen.
    Choosing,
    /// An answer.
    Sending(Hand),
    /// The end of a renewal.
    Renewing(Hand, Reason),
    /// The owner's file.
    Rereading(Hand),
    /// Time to pass.
    Pausing(Hand),
    /// The request to be made ready for another provider.
    Falling,
    /// Nothing but the end of a stream that the client is reading.
    Listening,
}

/// The credential in hand, and what has been done for it in this attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hand {
    pub(super) lease: Lease,
    pub(super) renewed: bool,
    pub(super) reread: bool,
    /// It waited for the provider's edge before a renewal was asked for.
    pub(super) lagged: bool,
    /// It waited for the provider's edge after a renewal.
    pub(super) lagged_anew: bool,
    /// It waited for its Retry-After.
    pub(super) waited: bool,
    /// What sending it now would mend the refusal at hand by.
    pub(super) act: Option<Act>,
}

impl Hand {
    pub(super) const fn of(lease: Lease) -> Self {
        Self {
            lease,
            renewed: false,
            reread: false,
            lagged: false,
            lagged_anew: false,
            waited: false,
            act: None,
        }
    }
}

/// A refusal, or a try without an answer, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) lease: Lease,
    pub(super) verdict: Option<Verdict>,
    pub(super) signal: String,
}

impl Trouble {
    pub(super) fn of(lease: &Lease, reading: &Reading) -> Self {
        Self {
            lease: lease.clone(),
            verdict: Some(reading.verdict),
            signal: reading.signal.name.to_string(),
        }
    }
}

/// Why a credential gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    pub(super) id: CredentialId,
    pub(super) failure: Failure,
}

/// What one step can see, and what it has to say.
pub(super) struct Turn<'a> {
    pub(super) view: &'a View,
    pub(super) now: &'a Moment,
    pub(super) entropy: u64,
    pub(super) course: fn(Verdict) -> Course,
    pub(super) model: Option<Arc<str>>,
    /// When the request was sent whose outcome this is about.
    pub(super) sent: Option<Timestamp>,
    pub(super) reports: Vec<Report>,
    pub(super) note: Option<Box<Note>>,
}

impl Attempt {
    pub(super) fn new(plan: Plan, now: &Moment) -> Self {
        Self(Box::new(Known {
            plan,
            begun: now.clone(),
            sent: None,
            leg: 0,
            fallbacks: 0,
            tries: 0,
            strained: 0,
            // Most requests try one.
            tried: Vec::with_capacity(1),
            trouble: None,
            held: None,
            missed: None,
            repaired: Vec::new(),
            doing: Doing::Choosing,
        }))
    }

    /// The model that it asks for, if limits may be the model's.
    pub fn model(&self) -> Option<&str> {
        self.plan.model.as_deref()
    }

    /// The provider it is at.
    pub(super) fn provider(&self) -> Option<&ProviderId> {
        self.plan.route.get(self.leg)
    }

    /// The pool it is at.
    pub(super) fn pool<'a>(&self, turn: &Turn<'a>) -> Option<&'a Pool> {
        turn.view.pool(self.provider()?)
    }

    /// Whom it would use next.
    pub(super) fn choose<'a>(&self, turn: &Turn<'a>) -> Option<&'a Member> {
        let probing = match (self.plan.probes, self.tried.is_empty()) {
            (true, true) => Probing::Early,
            (true, false) => Probing::Late,
            (false, _) => Probing::Never,
        };
        self.choose_by(turn, probing)
    }

    /// Whom it would use next of those that do not cool down.
    pub(super) fn choose_ready<'a>(&self, turn: &Turn<'a>) -> Option<&'a Member> {
        self.choose_by(turn, Probing::Never)
    }

    fn choose_by<'a>(&self, turn: &Turn<'a>, probing: Probing) -> Option<&'a Member> {
        if self.tried.len() >= limits::CREDENTIALS {
            return None;
        }
        let pool = self.pool(turn)?;
        pool.picked(&Choice {
            owner: self.plan.owner,
            tried: &self.tried,
            pin: self.plan.pin.as_ref(),
            min_valid: self.plan.min_valid,
            probing,
            conversation: self.plan.conversation,
            model: self
                .plan
                .model
                .as_deref()
                .filter(|_| pool.cooldowns.has_limits_by_model()),
            now: turn.now,
            entropy: turn.entropy,
        })
    }

    /// Whether anything new may be begun: tries and time are left, and what was sent so far may be sent again.
    pub(super) fn may_go_on(&self, now: &Moment) -> bool {
        (self.tries < limits::TRIES || !stands(Protection::TriesBounded))
            && now.since(&self.begun) < self.plan.time
            && (self.tries == 0 || self.plan.replay.refused)
    }

    /// Whether there is time to wait until then and do something after it.
    pub(super) fn has_time_until(&self, until: &Moment) -> bool {
        until.since(&self.begun) < self.plan.time
    }
}
