//! What a request's failure says to people: code, sentence, remedy, and when to come back.

use std::time::Duration;

use super::input::Plan;
use super::state::Missed;
use crate::credential::{Kind, Label, ProviderId};
use crate::failure::{Code, Failure};
use crate::pool::{Bar, Lease, Member, Readiness, Renewability, View, renewability};
use crate::provider::Auth;
use crate::remedy::Remedy;
use crate::store::Health;
use crate::time::{Moment, Timestamp};
use crate::verdict::{Situation, advise, code, message};
use crate::vocabulary::Verdict;
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
    let failure = match member {
        Some(member) if is_dead(verdict, member, now) => barred(member, &Bar::GrantDead),
        Some(_) | None => {
            let until = retry_after.map(|after| now.wall.plus(after));
            let failure = Failure::new(code(verdict, lease.kind), said(verdict, lease, view));
            with_advice(failure, advice(verdict, lease, view, until))
        }
    };
    match retry_after {
        Some(after) => failure.with_retry_after(after),
        None => failure,
    }
}

/// What happened, naming the provider as people know it.
fn said(verdict: Verdict, lease: &Lease, view: &View) -> String {
    let about = view.pool(&lease.provider).and_then(|pool| pool.about.as_ref());
    let name = about.map_or(lease.provider.as_str(), |about| &about.row.name);
    message(verdict, name, Some(&lease.label))
}

/// The one thing to do; nothing as long as nobody has told who the provider is.
fn advice(verdict: Verdict, lease: &Lease, view: &View, reset: Option<Timestamp>) -> Option<Remedy> {
    let about = view.pool(&lease.provider)?.about.as_ref()?;
    let situation = Situation {
        row: &about.row,
        kind: lease.kind,
        label: Some(&lease.label),
        owner: view.member(lease).and_then(|member| member.owner.as_deref()),
        key_provider: about.key_provider.as_ref(),
        reset,
    };
    advise(verdict, &situation)
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

/// The one answer when nothing could be sent: the reason that is easiest to mend, all of them in the detail.
pub(super) fn nothing_usable(plan: &Plan, view: &View, missed: Option<Missed>, now: &Moment) -> Failure {
    let mut reasons: Vec<(String, Failure)> = Vec::new();
    let mut ready_again = None;
    for provider in &plan.route {
        let Some(pool) = view.pool(provider) else { continue };
        for (member, readiness) in pool.roster.readiness(plan.pin.as_ref(), now) {
            let name = format!("{provider}/{}", member.lease.label);
            match &missed {
                Some(missed) if missed.id == member.lease.fence.id => reasons.push((name, missed.failure.clone())),
                Some(_) | None => match unready(member, &readiness, view, now) {
                    Some(failure) => reasons.push((name, failure)),
                    None => ready_again = ready_again.or(Some(&member.lease)),
                },
            }
        }
    }
    let detail = reasons
        .iter()
        .map(|(name, failure)| format!("{name}: {}", failure.message));
    let detail = detail.collect::<Vec<_>>().join("; ");
    let soonest = reasons.iter().filter(|(_, failure)| failure.code.exit() == 5);
    let soonest = soonest.filter_map(|(_, failure)| failure.retry_after).min();
    let easiest = reasons.into_iter().map(|(_, failure)| failure);
    let easiest = easiest.min_by_key(|failure| (ease(failure.code), failure.retry_after));
    match (missed, easiest) {
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
    }
}

/// It was tried and did not get ready in time, for no reason that still stands: there is one, so no login is asked for.
fn late(lease: &Lease) -> Failure {
    let Lease { provider, label, .. } = lease;
    let message = format!("`{label}` at {provider} did not get ready in time");
    Failure::new(Code::Transient, message).with_remedy(Remedy::Wait { until: None })
}

fn no_credential(plan: &Plan, view: &View) -> Failure {
    match (plan.route.first(), &plan.pin) {
        (Some(provider), label) => {
            let about = view.pool(provider).and_then(|pool| pool.about.as_ref());
            let remedy = match about.map(|about| &about.row.auth) {
                Some(Auth::ApiKey(_)) => Remedy::AddKey {
                    provider: provider.clone(),
                },
                Some(Auth::OAuth(_)) | None => login(provider, label.as_ref()),
            };
            let message = match label {
                Some(label) => format!("there is no credential `{label}` for {provider}"),
                None => format!("there is no credential for {provider}"),
            };
            Failure::new(Code::NoCredential, message).with_remedy(remedy)
        }
        (None, _) => Failure::new(Code::UnknownModel, "no provider serves this request"),
    }
}

/// Why a member cannot be used; `None` if it can (and was only tried already).
fn unready(member: &Member, readiness: &Readiness, view: &View, now: &Moment) -> Option<Failure> {
    let lease = &member.lease;
    match readiness {
        Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread => None,
        Readiness::NotBefore { until, why } => {
            // A renewal is put off for a reason that the last error knows.
            let put_off = member.standing.last_error.as_ref();
            let put_off = put_off.filter(|_| *why == Verdict::Transient);
            let code = put_off.map_or(code(*why, lease.kind), |error| error.code);
            let why = put_off.map_or(*why, |error| error.verdict);
            let failure = Failure::new(code, said(why, lease, view)).with_retry_after(until.since(now.wall));
            Some(with_advice(failure, advice(why, lease, view, Some(*until))))
        }
        Readiness::Never(bar) => Some(barred(member, bar)),
    }
}

fn barred(member: &Member, bar: &Bar) -> Failure {
    let Lease { provider, label, .. } = &member.lease;
    let (code, message) = match bar {
        Bar::Disabled => {
            let command = format!("evergrant enable {provider}/{label}");
            let remedy = Remedy::Run {
                command,
                why: "switch the credential on again".to_owned(),
            };
            let message = format!("`{label}` at {provider} is switched off");
            return Failure::new(Code::NoCredential, message).with_remedy(remedy);
        }
        Bar::LoggedOut => (Code::NoCredential, format!("`{label}` at {provider} is logged out")),
        Bar::GrantDead => (Code::GrantDead, format!("{provider} has ended the grant `{label}`")),
        Bar::NeedsLogin(why) => match member.lease.kind {
            Kind::ApiKey => (Code::NeedsLogin, format!("`{label}` at {provider} has no key: {why}")),
            Kind::Grant | Kind::Borrowed => (
                Code::NeedsLogin,
                format!("`{label}` at {provider} needs a login: {why}"),
            ),
        },
        Bar::Unsaved => (
            Code::StoreUnwritable,
            format!("`{label}` at {provider} could not be saved and has expired"),
        ),
    };
    Failure::new(code, message).with_remedy(match member.lease.kind {
        Kind::ApiKey => Remedy::AddKey {
            provider: provider.clone(),
        },
        Kind::Grant | Kind::Borrowed => login(provider, Some(label)),
    })
}

/// Whether a refusal of this grant's token leaves nothing but a login.
fn is_dead(verdict: Verdict, member: &Member, now: &Moment) -> bool {
    verdict == Verdict::Unauthenticated
        && member.lease.kind == Kind::Grant
        && matches!(member.standing.health, Health::Quarantined { .. })
        && renewability(member, now) == Renewability::Never
}

fn login(provider: &ProviderId, label: Option<&Label>) -> Remedy {
    Remedy::Login {
        provider: provider.clone(),
        label: label.cloned(),
    }
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
