//! What helps against a verdict: the one thing to do, true where it was earned.

use super::place::Place;
use crate::credential::{Kind, Label};
use crate::protection::{Protection, stands};
use crate::provider::Origin;
use crate::remedy::Remedy;
use crate::time::Timestamp;
use crate::vocabulary::{Channel, Verdict};

/// Where a verdict was earned: all that decides whether an advice would really work here.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The provider.
    pub place: &'a Place,
    /// Which of its endpoints answered.
    pub channel: Channel,
    /// What sort of credential it was.
    pub kind: Kind,
    /// The credential, if there was one.
    pub label: Option<&'a Label>,
    /// The tool that owns a borrowed credential.
    pub owner: Option<&'a str>,
    /// The environment variable that an API key is read from, if it is not kept here.
    pub variable: Option<&'a str>,
    /// When the answer said to come back.
    pub reset: Option<Timestamp>,
}

/// The one thing to do; `None` if there is nothing to be done.
///
/// Never a login where a renewal or a wait would do, never a change of plan for a token that is merely stale, and nothing
/// that this kind of credential does not have: a key is not logged in, and a borrowed token is its owner's to renew.
pub fn advise(verdict: Verdict, situation: &Situation<'_>) -> Option<Remedy> {
    let any_kind = Situation {
        kind: Kind::Grant,
        ..situation.clone()
    };
    let situation = if stands(Protection::RemedyByKind) {
        situation
    } else {
        &any_kind
    };
    let place = situation.place;
    let provider = place.provider.clone();
    match verdict {
        Verdict::Success | Verdict::Pending | Verdict::SlowDown => None,
        Verdict::Unauthenticated => Some(refused(situation)),
        Verdict::UnknownDenial => Some(denied(situation)),
        Verdict::NotEntitled => Some(Remedy::ChangePlan {
            provider,
            key_provider: match situation.kind {
                Kind::Grant | Kind::Borrowed => place.key_provider.clone(),
                Kind::ApiKey => None,
            },
            page: place.plan_page.clone(),
        }),
        Verdict::InsufficientScope => Some(out_of_scope(situation)),
        Verdict::AccountDisabled => Some(Remedy::ContactProvider { provider }),
        Verdict::OutOfCredit => Some(Remedy::AddCredit {
            provider,
            page: place.billing_page.clone(),
        }),
        Verdict::UsageLimited
        | Verdict::RateLimited
        | Verdict::UpstreamLimited
        | Verdict::Overloaded
        | Verdict::ServerError
        | Verdict::Timeout
        | Verdict::Transient
        | Verdict::OutcomeUnknown => Some(Remedy::Wait { until: situation.reset }),
        Verdict::EdgeBlocked => Some(Remedy::CheckNetwork { host: host(situation) }),
        Verdict::ModelUnavailable => Some(Remedy::ChooseModel { provider }),
        Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::PayloadTooLarge
        | Verdict::InvalidRequest
        | Verdict::NotFound => Some(Remedy::ChangeRequest),
        Verdict::GrantDead | Verdict::DeviceCodeExpired | Verdict::AccessDenied => Some(ended(situation)),
        Verdict::ClientRejected | Verdict::RequestRejected => Some(match &place.origin {
            Some(Origin::File(file)) => Remedy::EditFile {
                place: format!("`[oauth]` of {provider} in {file}"),
            },
            Some(Origin::BuiltIn) => Remedy::Report,
            None => Remedy::EditFile {
                place: format!("what {provider} knows of the client: its id, secret, redirect or scope"),
            },
        }),
    }
}

/// How a credential is had that takes the place of one that is gone for good.
pub fn anew(situation: &Situation<'_>) -> Remedy {
    let place = situation.place;
    let key = || {
        place.keys_go_to().map(|provider| Remedy::AddKey {
            provider: provider.clone(),
        })
    };
    let login = || Remedy::Login {
        provider: place.provider.clone(),
        label: situation.label.cloned(),
    };
    let row = || Remedy::EditFile {
        place: format!("`providers.d`: there is no row for {}", place.provider),
    };
    match (situation.kind, situation.owner) {
        (Kind::Borrowed, Some(tool)) => Remedy::LoginElsewhere { tool: tool.to_owned() },
        (Kind::ApiKey, _) => situation
            .variable
            .and_then(|_| variable(situation))
            .or_else(key)
            .unwrap_or_else(row),
        (Kind::Grant | Kind::Borrowed, _) if place.logs_in => login(),
        (Kind::Grant | Kind::Borrowed, _) => key().unwrap_or_else(row),
    }
}

/// The credential is not accepted, and whatever repairs it alone has been tried.
fn refused(situation: &Situation<'_>) -> Remedy {
    let place = situation.place;
    match (situation.kind, situation.label, situation.owner) {
        (Kind::ApiKey, Some(label), _) if place.takes_keys => {
            variable(situation).unwrap_or_else(|| Remedy::ReplaceKey {
                provider: place.provider.clone(),
                label: label.clone(),
                page: place.keys_page.clone(),
            })
        }
        (Kind::ApiKey, ..) => anew(situation),
        (Kind::Borrowed, _, Some(tool)) => Remedy::RenewElsewhere { tool: tool.to_owned() },
        (Kind::Grant, ..) | (Kind::Borrowed, _, None) => Remedy::Probe,
    }
}

/// It is refused, and nobody says why: for a grant one renewal would tell, for a key only its maker can.
fn denied(situation: &Situation<'_>) -> Remedy {
    match situation.kind {
        Kind::ApiKey => Remedy::CheckKey {
            provider: situation.place.provider.clone(),
            label: situation.label.cloned(),
            page: situation.place.keys_page.clone(),
        },
        Kind::Grant | Kind::Borrowed => refused(situation),
    }
}

fn out_of_scope(situation: &Situation<'_>) -> Remedy {
    let place = situation.place;
    match (situation.kind, situation.owner) {
        (Kind::ApiKey, _) => Remedy::WidenKey {
            provider: place.provider.clone(),
            label: situation.label.cloned(),
            page: place.keys_page.clone(),
        },
        (Kind::Borrowed, Some(_)) => anew(situation),
        (Kind::Grant | Kind::Borrowed, _) if place.logs_in => Remedy::GrantScope {
            provider: place.provider.clone(),
            label: situation.label.cloned(),
            file: place.file().map(str::to_owned),
        },
        (Kind::Grant | Kind::Borrowed, _) => anew(situation),
    }
}

/// Only a new login helps, where a login exists; before there is a credential it is a login that has ended.
fn ended(situation: &Situation<'_>) -> Remedy {
    match (situation.channel, situation.kind) {
        (Channel::Device, Kind::Grant | Kind::Borrowed) => anew(&Situation {
            kind: Kind::Grant,
            ..situation.clone()
        }),
        (Channel::Device | Channel::Token | Channel::Inference | Channel::Stream, _) => anew(situation),
    }
}

fn variable(situation: &Situation<'_>) -> Option<Remedy> {
    situation.variable.map(|variable| Remedy::SetVariable {
        provider: situation.place.provider.clone(),
        variable: variable.to_owned(),
    })
}

/// The host that was meant and never reached.
fn host(situation: &Situation<'_>) -> String {
    let place = situation.place;
    match situation.channel {
        Channel::Inference | Channel::Stream => &place.host,
        Channel::Token | Channel::Device => place.login_host.as_ref().unwrap_or(&place.host),
    }
    .clone()
}
