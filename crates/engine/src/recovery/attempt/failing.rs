//! What a request's failure says to people: code, sentence, remedy, and when to come back.

use std::time::Duration;

use super::input::Plan;
use super::state::Missed;
use crate::credential::{Kind, Label};
use crate::failure::{Code, Failure, Unusable};
use crate::nearest::did_you_mean;
use crate::pool::{
    Bar, Condition, Lease, Leased, Member, Pool, Readiness, Renewability, View, condition, pause_of, renewability,
};
use crate::remedy::Remedy;
use crate::store::{Health, ModelPause};
use crate::time::Moment;
use crate::verdict::{Situation, advise, code, message};
use crate::vocabulary::{Channel, Verdict};
use crate::wire::Phase;

/// The failure of a refusal.
pub(super) fn refused(
    verdict: Verdict,
    lease: &Lease,
    view: &View,
    retry_after: Option<Duration>,
    now: &Moment,
) -> Failure {
    let member = view.member(lease);
    let place = view.place(&lease.provider);
    let failure = match member {
        Some(member) if is_dead(verdict, member, now) => stated(condition(member, &place, now), Code::GrantDead),
        Some(_) | None => {
            let situation = Situation {
                place: &place,
                channel: Channel::Inference,
                kind: lease.kind,
                label: Some(&lease.label),
                owner: member.and_then(Member::owner),
                variable: member.and_then(Member::variable),
                reset: retry_after.map(|after| now.wall.plus(after)),
            };
            let said = message(verdict, Channel::Inference, &place.name, Some(&lease.label));
            with_advice(
                Failure::new(code(verdict, lease.kind), said),
                advise(verdict, &situation),
            )
        }
    };
    match retry_after {
        Some(after) => failure.with_retry_after(after),
        None => failure,
    }
}

/// The failure that a condition comes to.
fn stated(condition: Condition, otherwise: Code) -> Failure {
    let code = condition.code.unwrap_or(otherwise);
    let why = condition.why.unwrap_or_else(|| condition.health.to_owned());
    with_advice(Failure::new(code, why), condition.remedy)
}

fn with_advice(failure: Failure, remedy: Option<Remedy>) -> Failure {
    match remedy {
        Some(remedy) => failure.with_remedy(remedy),
        None => failure,
    }
}

/// The failure of a try that got no answer.
pub(super) fn unreached(lease: &Lease, phase: Phase, timed_out: bool) -> Failure {
    let (code, what) = match (phase, timed_out) {
        (Phase::Connect, _) => (Code::Unreachable, "no connection to the provider"),
        (Phase::Sent, true) => (Code::Timeout, "the provider did not answer in time"),
        (Phase::Sent, false) => (
            Code::Unreachable,
            "the connection to the provider broke before its answer was whole",
        ),
    };
    Failure::new(code, format!("{what} ({})", lease.provider)).with_remedy(Remedy::Wait { until: None })
}

/// The failure of a stream that was cut before it said anything.
pub(super) fn broken(lease: &Lease) -> Failure {
    Failure::new(
        Code::ServerError,
        format!("the provider's stream broke off ({})", lease.provider),
    )
    .with_remedy(Remedy::Wait { until: None })
}

/// The one answer when nothing could be sent: the reason that is easiest to mend, and every credential with its own.
pub(super) fn nothing_usable(plan: &Plan, view: &View, missed: Option<Missed>, now: &Moment) -> Failure {
    let mut reasons: Vec<(Lease, Failure)> = Vec::new();
    let mut ready_again = None;
    for provider in &plan.route {
        let Some(pool) = view.pool(provider) else { continue };
        for (member, readiness) in pool.roster.readiness(plan.pin.as_ref(), now) {
            let lease = member.lease.clone();
            match &missed {
                Some(missed) if missed.id == member.lease.fence.id => reasons.push((lease, missed.failure.clone())),
                Some(_) | None => {
                    match resting(member, pool, plan, view, now).or_else(|| unready(member, &readiness, view, now)) {
                        Some(failure) => reasons.push((lease, failure)),
                        None => ready_again = ready_again.or(Some(&member.lease)),
                    }
                }
            }
        }
    }
    let detail = reasons
        .iter()
        .map(|(lease, failure)| format!("{}/{}: {}", lease.provider, lease.label, failure.message));
    let mut detail = detail.take(LISTED).collect::<Vec<_>>().join("; ");
    if reasons.len() > LISTED {
        detail = format!("{detail}; and {} more", reasons.len() - LISTED);
    }
    let soonest = reasons.iter().filter(|(_, failure)| failure.code.exit() == 5);
    let soonest = soonest.filter_map(|(_, failure)| failure.retry_after).min();
    let credentials: Vec<_> = reasons
        .iter()
        .take(LISTED)
        .map(|(lease, failure)| unusable(lease, failure, now))
        .collect();
    let easiest = reasons.into_iter().map(|(_, failure)| failure);
    let easiest = easiest.min_by_key(|failure| (ease(failure.code), failure.retry_after));
    let failure = match (missed, easiest) {
        // A try that reached for the provider says more than the rest of the pool; so does a fault of ours.
        (Some(missed), _) if matches!(missed.failure.code, Code::Unreachable | Code::Timeout) => missed.failure,
        (Some(missed), None) => missed.failure,
        (_, Some(failure)) => {
            let failure = failure.with_detail(detail);
            match (failure.code.exit(), soonest) {
                (5, Some(soonest)) => failure.with_retry_after(soonest),
                (_, _) => failure,
            }
        }
        (None, None) => ready_again.map_or_else(|| no_credential(plan, view), late),
    };
    Failure { credentials, ..failure }
}

fn unusable(lease: &Lease, failure: &Failure, now: &Moment) -> Unusable {
    Unusable {
        provider: lease.provider.clone(),
        label: lease.label.clone(),
        code: failure.code,
        message: failure.message.clone(),
        until: failure.retry_after.map(|after| now.wall.plus(after)),
        remedy: failure.remedy.clone(),
    }
}

/// It was tried and did not get ready in time, for no reason that still stands: there is one, so no login is asked for.
fn late(lease: &Lease) -> Failure {
    let Leased { provider, label, .. } = &**lease;
    let message = format!("`{label}` at {provider} did not get ready in time");
    Failure::new(Code::Transient, message).with_remedy(Remedy::Wait { until: None })
}

fn no_credential(plan: &Plan, view: &View) -> Failure {
    let Some(provider) = plan.route.first() else {
        return Failure::new(Code::UnknownModel, "no provider serves this request");
    };
    let known = || view.pool(provider).into_iter().flat_map(|pool| pool.roster.labels());
    let labels: Vec<_> = known().map(|label| format!("`{label}`")).collect();
    match &plan.pin {
        Some(label) if !labels.is_empty() => {
            let message = format!(
                "there is no credential `{label}` for {provider}, but {}{}",
                labels.join(", "),
                did_you_mean(label.as_str(), known().map(Label::as_str))
            );
            // It may have been logged out: whoever wants to send under it has no credential, however the label came about.
            Failure::new(Code::NoCredential, message).with_remedy(Remedy::Run {
                command: "evergrant list".to_owned(),
                why: "choose one that is listed".to_owned(),
            })
        }
        pin => {
            let message = match pin {
                Some(label) => format!("there is no credential `{label}` for {provider}"),
                None => format!("there is no credential for {provider}"),
            };
            let remedy = if view.place(provider).takes_keys {
                Remedy::AddKey {
                    provider: provider.clone(),
                }
            } else {
                Remedy::Login {
                    provider: provider.clone(),
                    label: pin.clone(),
                }
            };
            Failure::new(Code::NoCredential, message).with_remedy(remedy)
        }
    }
}

/// Why a member cannot be used for the model that is asked for, though it can for others.
fn resting(member: &Member, pool: &Pool, plan: &Plan, view: &View, now: &Moment) -> Option<Failure> {
    let model = plan.model.as_deref().filter(|_| pool.cooldowns.has_limits_by_model())?;
    let ModelPause { until, why, .. } = *pause_of(member, model, now)?;
    let Leased {
        provider, label, kind, ..
    } = &*member.lease;
    let said = message(why, Channel::Inference, &view.place(provider).name, Some(label));
    let failure = Failure::new(code(why, *kind), format!("{said}, for `{model}`"));
    let wait = Remedy::Wait { until: Some(until) };
    Some(failure.with_remedy(wait).with_retry_after(until.since(now.wall)))
}

/// Why a member cannot be used; `None` if it can (and was only tried already).
fn unready(member: &Member, readiness: &Readiness, view: &View, now: &Moment) -> Option<Failure> {
    let stands = || condition(member, &view.place(&member.lease.provider), now);
    match readiness {
        Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread => None,
        Readiness::NotBefore { until, why } => {
            let failure = stated(stands(), code(*why, member.lease.kind));
            Some(failure.with_retry_after(until.since(now.wall)))
        }
        Readiness::Never(bar) => Some(stated(stands(), barred(bar))),
    }
}

const fn barred(bar: &Bar) -> Code {
    match bar {
        Bar::Disabled | Bar::LoggedOut => Code::NoCredential,
        Bar::GrantDead => Code::GrantDead,
        Bar::NeedsLogin(_) => Code::NeedsLogin,
        Bar::Unsaved => Code::StoreUnwritable,
    }
}

/// Whether a refusal of this grant's token leaves nothing but a login.
fn is_dead(verdict: Verdict, member: &Member, now: &Moment) -> bool {
    verdict == Verdict::Unauthenticated
        && member.lease.kind == Kind::Grant
        && matches!(member.standing.health, Health::Quarantined { .. })
        && renewability(member, now) == Renewability::Never
}

/// Which reason a person hears of first: a fault of ours, then what time mends, a login, money or plan, configuration.
const fn ease(code: Code) -> u8 {
    match code.exit() {
        6 => 0,
        5 => 1,
        3 => 2,
        4 => 3,
        _ => 4,
    }
}

/// 256: whoever has more credentials than that asks `status`.
const LISTED: usize = 256;
