//! What a request's failure says to people: code, sentence, remedy, and when to come back.

use std::time::Duration;

use super::input::Plan;
use super::state::Missed;
use crate::credential::{Kind, Label, ProviderId};
use crate::failure::{Code, Failure};
use crate::pool::{Bar, Lease, Member, Readiness, Renewability, View, renewability};
use crate::remedy::Remedy;
use crate::store::Health;
use crate::time::Moment;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

/// The failure of a refusal.
pub(super) fn refused(
    verdict: Verdict,
    lease: &Lease,
    member: Option<&Member>,
    retry_after: Option<Duration>,
    now: &Moment,
) -> Failure {
    let failure = match member {
        Some(member) if is_dead(verdict, member, now) => barred(member, &Bar::GrantDead),
        Some(_) | None => {
            let (code, what) = saying(verdict, lease.kind);
            let failure = Failure::new(code, format!("{what} (`{}` at {})", lease.label, lease.provider));
            match remedy(code, lease, member, retry_after.map(|after| now.wall.plus(after))) {
                Some(remedy) => failure.with_remedy(remedy),
                None => failure,
            }
        }
    };
    match retry_after {
        Some(after) => failure.with_retry_after(after),
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
    for provider in &plan.route {
        let Some(pool) = view.pool(provider) else { continue };
        for (member, readiness) in pool.roster.readiness(plan.pin.as_ref(), now) {
            let name = format!("{provider}/{}", member.lease.label);
            match &missed {
                Some(missed) if missed.id == member.lease.fence.id => reasons.push((name, missed.failure.clone())),
                Some(_) | None => reasons.extend(unready(member, &readiness, now).map(|failure| (name, failure))),
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
        (None, None) => no_credential(plan),
    }
}

fn no_credential(plan: &Plan) -> Failure {
    match (plan.route.first(), &plan.pin) {
        (Some(provider), Some(label)) => {
            let message = format!("there is no credential `{label}` for {provider}");
            Failure::new(Code::NoCredential, message).with_remedy(login(provider, Some(label)))
        }
        (Some(provider), None) => Failure::new(Code::NoCredential, format!("there is no credential for {provider}"))
            .with_remedy(login(provider, None)),
        (None, _) => Failure::new(Code::UnknownModel, "no provider serves this request"),
    }
}

/// Why a member cannot be used; `None` if it can (and was only tried already).
fn unready(member: &Member, readiness: &Readiness, now: &Moment) -> Option<Failure> {
    match readiness {
        Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread => None,
        Readiness::NotBefore { until, why } => {
            let lease = &member.lease;
            let put_off = member.standing.last_error.as_ref();
            let (code, what) = match (why, put_off) {
                (Verdict::Transient, Some(error)) if error.generation == lease.fence.generation => {
                    (error.code, "its renewal is put off")
                }
                (_, _) => saying(*why, lease.kind),
            };
            let message = format!("{what} (`{}` at {}), not before {until}", lease.label, lease.provider);
            let failure = Failure::new(code, message).with_retry_after(until.since(now.wall));
            Some(match remedy(code, lease, Some(member), Some(*until)) {
                Some(remedy) => failure.with_remedy(remedy),
                None => failure,
            })
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
        Bar::NeedsLogin(why) => (
            Code::NeedsLogin,
            format!("`{label}` at {provider} needs a login: {why}"),
        ),
        Bar::Unsaved => (
            Code::StoreUnwritable,
            format!("`{label}` at {provider} could not be saved and has expired"),
        ),
    };
    Failure::new(code, message).with_remedy(login(provider, Some(label)))
}

/// Whether a refusal of this grant's token leaves nothing but a login.
fn is_dead(verdict: Verdict, member: &Member, now: &Moment) -> bool {
    verdict == Verdict::Unauthenticated
        && member.lease.kind == Kind::Grant
        && matches!(member.standing.health, Health::Quarantined { .. })
        && renewability(member, now) == Renewability::Never
}

/// The code of a verdict on a request and what it says in words.
const fn saying(verdict: Verdict, kind: Kind) -> (Code, &'static str) {
    match (verdict, kind) {
        (Verdict::Unauthenticated | Verdict::UnknownDenial, Kind::Grant) => (
            Code::TokenRefused,
            "the provider refuses a token although the grant is alive",
        ),
        (Verdict::Unauthenticated | Verdict::UnknownDenial, Kind::ApiKey) => {
            (Code::Unauthenticated, "the provider does not accept the key")
        }
        (Verdict::Unauthenticated | Verdict::UnknownDenial, Kind::Borrowed) => {
            (Code::Unauthenticated, "the provider does not accept the borrowed token")
        }
        (Verdict::NotEntitled, _) => (Code::NotEntitled, "the account's plan or policy does not allow it"),
        (Verdict::InsufficientScope, _) => (Code::InsufficientScope, "the credential lacks a permission"),
        (Verdict::AccountDisabled, _) => (Code::AccountDisabled, "the account is disabled"),
        (Verdict::OutOfCredit, _) => (Code::OutOfCredit, "the account is out of credit"),
        (Verdict::UsageLimited, _) => (Code::UsageLimited, "the allowance is used up"),
        (Verdict::RateLimited, _) => (Code::RateLimited, "too many requests at once"),
        (Verdict::UpstreamLimited, _) => (Code::UpstreamLimited, "the provider's own upstream is limited"),
        (Verdict::Overloaded, _) => (Code::Overloaded, "the provider is overloaded"),
        (Verdict::ServerError, _) => (Code::ServerError, "the provider failed"),
        (Verdict::Timeout, _) => (Code::Timeout, "time ran out at the provider"),
        (Verdict::EdgeBlocked, _) => (Code::EdgeBlocked, "the request never reached the provider's API"),
        (
            Verdict::Success
            | Verdict::ModelUnavailable
            | Verdict::ContextTooLong
            | Verdict::ContentBlocked
            | Verdict::PayloadTooLarge
            | Verdict::InvalidRequest
            | Verdict::NotFound
            | Verdict::GrantDead
            | Verdict::ClientRejected
            | Verdict::RequestRejected
            | Verdict::Pending
            | Verdict::SlowDown
            | Verdict::DeviceCodeExpired
            | Verdict::AccessDenied
            | Verdict::Transient
            | Verdict::OutcomeUnknown,
            _,
        ) => (Code::Transient, "a passing fault"),
    }
}

fn remedy(code: Code, lease: &Lease, member: Option<&Member>, until: Option<crate::time::Timestamp>) -> Option<Remedy> {
    let provider = lease.provider.clone();
    let label = lease.label.clone();
    let remedy = match (code, lease.kind) {
        (Code::TokenRefused, _) => Remedy::Probe,
        (Code::Unauthenticated, Kind::Borrowed) => Remedy::RenewElsewhere {
            tool: member.and_then(|member| member.owner.clone())?,
        },
        (Code::Unauthenticated, _) => Remedy::ReplaceKey { provider, label },
        (Code::NotEntitled, _) => Remedy::ChangePlan {
            provider,
            key_provider: None,
        },
        (Code::InsufficientScope, _) => Remedy::GrantScope { provider },
        (Code::AccountDisabled, _) => Remedy::ContactProvider { provider },
        (Code::OutOfCredit, _) => Remedy::AddCredit { provider },
        (Code::EdgeBlocked, _) => Remedy::CheckNetwork {
            host: provider.to_string(),
        },
        (_, _) if code.exit() == 5 => Remedy::Wait { until },
        (_, _) => return None,
    };
    Some(remedy)
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
