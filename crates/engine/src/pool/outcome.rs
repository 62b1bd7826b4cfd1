//! What the outcome of a request changes in the standing of the credential that earned it.

use std::sync::Arc;
use std::time::Duration;

use super::cooldown::Rule;
use super::health::cooling;
use super::lease::Lease;
use super::model_pause::{is_remembered, lift, rest};
use crate::credential::{Fence, Generation};
use crate::failure::Code;
use crate::store::{Health, LastError, Rest, Standing};
use crate::time::{Moment, Timestamp};
use crate::verdict::SignalRef;
use crate::vocabulary::{Channel, Verdict};

/// What a credential earned, and at which generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who earned it.
    pub lease: Lease,
    /// What.
    pub outcome: Outcome,
    /// Whether nobody else of the provider could serve.
    pub sole: bool,
    /// When the request was sent.
    pub sent: Option<Timestamp>,
    /// The provider's line for it, if it is a refusal that has one.
    pub rule: Option<Rule>,
    /// The model it was earned for, where that verdict is the model's and not the account's.
    pub model: Option<Arc<str>>,
}

/// What became of a request, as far as its credential is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A 2xx.
    Accepted,
    /// It was not accepted: no penalty, but nobody adopts this generation any more. With what it was read as, where no
    /// renewal is on its way that would mend it.
    Doubted(Option<Refusal>),
    /// It was refused, and that stands.
    Refused(Refusal),
}

/// A refusal that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub verdict: Verdict,
    /// The stable code of it.
    pub code: Code,
    /// The signal that decided.
    pub signal: SignalRef,
    /// At most 200 redacted characters of the answer.
    pub fragment: String,
    /// The answer's own time, unclamped.
    pub retry_after: Option<Duration>,
    /// Whether it settles an unknown denial.
    pub settles: bool,
}

/// The standing after a report; the same as before if the credential has another generation or epoch by now.
pub fn apply(standing: &Standing, current: &Fence, report: &Report, now: &Moment, entropy: u64) -> Standing {
    let mut after = standing.clone();
    if *current != report.lease.fence {
        return after;
    }
    let generation = current.generation;
    match &report.outcome {
        Outcome::Accepted => accept(&mut after, generation, report.model.as_deref()),
        Outcome::Doubted(refusal) => {
            after.refused = Some(generation);
            if let Some(refusal) = refusal.as_ref().filter(|_| !outweighs(&standing.health)) {
                after.last_error = Some(Box::new(kept(refusal, generation, now)));
            }
        }
        Outcome::Refused(refusal) => refuse(&mut after, generation, refusal, report, now, entropy),
    }
    after
}

/// Whether an accepted request would change the standing at all: most do not, and nothing is written for them.
pub fn changes(standing: &Standing, generation: Generation, model: Option<&str>) -> bool {
    let cleared = match standing.health {
        Health::Cooling { .. } | Health::NotEntitled { .. } | Health::AccountDisabled { .. } => false,
        Health::Ready
        | Health::OutcomeUnknown { .. }
        | Health::Quarantined { .. }
        | Health::NeedsLogin { .. }
        | Health::Unsaved { .. }
        | Health::LoggedOut { .. } => standing.strikes == 0,
    };
    let lifts = model.is_some_and(|model| is_remembered(standing, model));
    lifts
        || !cleared
        || standing.rest.is_some()
        || standing.accepted != Some(generation)
        || standing.refused == Some(generation)
}

fn accept(standing: &mut Standing, generation: Generation, model: Option<&str>) {
    if let Some(model) = model {
        lift(standing, model);
    }
    standing.accepted = Some(generation);
    standing.strikes = 0;
    standing.rest = None;
    if standing.refused == Some(generation) {
        standing.refused = None;
    }
    match standing.health {
        Health::Cooling { .. } | Health::NotEntitled { .. } | Health::AccountDisabled { .. } => {
            standing.health = Health::Ready;
        }
        Health::Ready
        | Health::OutcomeUnknown { .. }
        | Health::Quarantined { .. }
        | Health::NeedsLogin { .. }
        | Health::Unsaved { .. }
        | Health::LoggedOut { .. } => {}
    }
}

fn refuse(
    standing: &mut Standing,
    generation: Generation,
    refusal: &Refusal,
    report: &Report,
    now: &Moment,
    entropy: u64,
) {
    if refusal.verdict == Verdict::Unauthenticated {
        standing.refused = Some(generation);
    }
    if refusal.settles {
        standing.settled = Some(Box::new(now.clone()));
    }
    let length = |rule: &Rule, strikes| rule.length(refusal.retry_after, strikes, entropy, report.sole);
    // A model rests whatever is held against the credential.
    if let (Some(model), Some(rule)) = (&report.model, &report.rule) {
        let knew = |refused| knew_of(refused, report.sent);
        rest(
            standing,
            model,
            refusal.verdict,
            knew,
            |strikes| length(rule, strikes),
            now,
        );
    }
    let before = match &standing.health {
        Health::Ready => None,
        Health::Cooling { why, .. } => Some(*why),
        Health::NotEntitled { .. } => Some(Verdict::NotEntitled),
        Health::AccountDisabled { .. } => Some(Verdict::AccountDisabled),
        Health::OutcomeUnknown { .. } | Health::Quarantined { .. } | Health::Unsaved { .. } => {
            let rule = report.rule.filter(|_| report.model.is_none() && rests(refusal.verdict));
            if let Some(rule) = rule {
                let knew = |refused| knew_of(refused, report.sent);
                rest_beside(standing, refusal.verdict, knew, |strikes| length(&rule, strikes), now);
            }
            return;
        }
        Health::NeedsLogin { .. } | Health::LoggedOut { .. } => return,
    };
    let last = standing.last_error.replace(Box::new(kept(refusal, generation, now)));
    let last = last.filter(|error| error.channel == Channel::Inference);
    let Some(rule) = report.rule.filter(|_| report.model.is_none()) else {
        return;
    };
    let stands = cooling(standing, now);
    // A refusal of what was under way when the cooldown began is no new strike; that of a probe is.
    let is_anew = stands.is_none() || last.is_some_and(|last| knew_of(last.at, report.sent));
    let strikes = match (before == Some(refusal.verdict), is_anew) {
        (true, true) => standing.strikes.saturating_add(1),
        (true, false) => standing.strikes,
        (false, _) => 0,
    };
    let until = now.wall.plus(length(&rule, strikes));
    if stands.is_none_or(|(stands, _)| stands < until) {
        standing.strikes = strikes;
        let rest = Rest {
            refused_at: now.wall,
            until,
            why: refusal.verdict,
            strikes,
        };
        standing.health = rest.health(generation);
    }
}

/// Whether it rests for that refusal though its renewal is in doubt: a token that is refused is what a renewal is for, and
/// nothing is left to lose then.
fn rests(verdict: Verdict) -> bool {
    verdict != Verdict::Unauthenticated
}

/// The same for a credential whose health says something weightier, and stays what it is.
fn rest_beside(
    standing: &mut Standing,
    verdict: Verdict,
    knew: impl FnOnce(Timestamp) -> bool,
    length: impl FnOnce(u32) -> Duration,
    now: &Moment,
) {
    let before = standing.rest.take();
    let stands = before.as_ref().is_some_and(|rest| rest.until > now.wall);
    let strikes = match &before {
        Some(rest) if rest.why != verdict => 0,
        Some(rest) if stands && !knew(rest.refused_at) => rest.strikes,
        Some(rest) => rest.strikes.saturating_add(1),
        None => 0,
    };
    let until = now.wall.plus(length(strikes));
    let refused_at = now.wall;
    let rest = match before {
        Some(rest) if rest.until >= until => Rest { refused_at, ..*rest },
        Some(_) | None => Rest {
            refused_at,
            until,
            why: verdict,
            strikes,
        },
    };
    standing.rest = Some(Box::new(rest));
}

/// Whether what was sent then was sent by somebody who knew of the last refusal.
fn knew_of(refused: Timestamp, sent: Option<Timestamp>) -> bool {
    sent.is_some_and(|sent| sent >= refused.plus(KNOWN_TO_ALL))
}

/// The evidence of it, for `status`.
fn kept(refusal: &Refusal, generation: Generation, now: &Moment) -> LastError {
    LastError {
        verdict: refusal.verdict,
        channel: Channel::Inference,
        code: refusal.code,
        signal: refusal.signal.name.to_string(),
        file: refusal.signal.file.to_string(),
        line: refusal.signal.line,
        at: now.wall,
        generation,
        fragment: refusal.fragment.clone(),
    }
}

/// Whether what this says weighs more than a refusal: its last error is the one that the user must see.
const fn outweighs(health: &Health) -> bool {
    match health {
        Health::OutcomeUnknown { .. }
        | Health::Quarantined { .. }
        | Health::NeedsLogin { .. }
        | Health::Unsaved { .. }
        | Health::LoggedOut { .. } => true,
        Health::Ready | Health::Cooling { .. } | Health::NotEntitled { .. } | Health::AccountDisabled { .. } => false,
    }
}

/// 1 s: by then every process of a home knows of a refusal.
const KNOWN_TO_ALL: Duration = Duration::from_secs(1);
