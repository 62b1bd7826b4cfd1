//! What a verdict means for people: the stable code, one sentence, and the one thing to do about it.

use crate::credential::{Kind, Label, ProviderId};
use crate::failure::Code;
use crate::provider::{Auth, Origin, Row};
use crate::remedy::Remedy;
use crate::time::Timestamp;
use crate::vocabulary::Verdict;

/// Where a verdict was earned: all that decides whether an advice would really work here.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The provider's row.
    pub row: &'a Row,
    /// What sort of credential it was.
    pub kind: Kind,
    /// The credential, if there was one.
    pub label: Option<&'a Label>,
    /// The tool that owns a borrowed credential.
    pub owner: Option<&'a str>,
    /// The row that takes API keys for the same API, if there is one.
    pub key_provider: Option<&'a ProviderId>,
    /// When the answer said to come back.
    pub reset: Option<Timestamp>,
}

/// The one thing to do; `None` if there is nothing to be done.
///
/// Never a login where a renewal or a wait would do, and never a change of plan for a token that is merely stale.
pub fn advise(verdict: Verdict, situation: &Situation<'_>) -> Option<Remedy> {
    let provider = situation.row.id.clone();
    match verdict {
        Verdict::Success | Verdict::Pending | Verdict::SlowDown => None,
        Verdict::Unauthenticated | Verdict::UnknownDenial => Some(refused(situation)),
        Verdict::NotEntitled => Some(Remedy::ChangePlan {
            provider,
            key_provider: match situation.kind {
                Kind::Grant | Kind::Borrowed => situation.key_provider.cloned(),
                Kind::ApiKey => None,
            },
        }),
        Verdict::InsufficientScope => Some(match (situation.kind, situation.label) {
            (Kind::ApiKey, Some(label)) => Remedy::WidenKey {
                provider,
                label: label.clone(),
            },
            (Kind::ApiKey, None) => Remedy::AddKey { provider },
            (Kind::Grant | Kind::Borrowed, _) => Remedy::GrantScope { provider },
        }),
        Verdict::AccountDisabled => Some(Remedy::ContactProvider { provider }),
        Verdict::OutOfCredit => Some(Remedy::AddCredit { provider }),
        Verdict::UsageLimited
        | Verdict::RateLimited
        | Verdict::UpstreamLimited
        | Verdict::Overloaded
        | Verdict::ServerError
        | Verdict::Timeout
        | Verdict::Transient
        | Verdict::OutcomeUnknown => Some(Remedy::Wait { until: situation.reset }),
        Verdict::EdgeBlocked => Some(Remedy::CheckNetwork {
            host: situation.row.base_url.host_str().unwrap_or_default().to_owned(),
        }),
        Verdict::ModelUnavailable
        | Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::PayloadTooLarge
        | Verdict::InvalidRequest
        | Verdict::NotFound => Some(Remedy::ChangeRequest),
        Verdict::GrantDead | Verdict::DeviceCodeExpired | Verdict::AccessDenied => Some(ended(situation)),
        Verdict::ClientRejected | Verdict::RequestRejected => Some(match &situation.row.origin {
            Origin::File(file) => Remedy::EditFile {
                place: format!("`[oauth]` of {provider} in {file}"),
            },
            Origin::BuiltIn => Remedy::Report,
        }),
    }
}

/// The stable code, and with it the exit code, of a failure that this verdict is the last word on.
pub const fn code(verdict: Verdict, kind: Kind) -> Code {
    match verdict {
        // A grant that is refused although it can be renewed is alive: it was renewed, and the new token is refused too.
        Verdict::Unauthenticated => match kind {
            Kind::Grant => Code::TokenRefused,
            Kind::ApiKey | Kind::Borrowed => Code::Unauthenticated,
        },
        // One renewal settles what words cannot: refused after it, a grant is not entitled.
        Verdict::UnknownDenial => match kind {
            Kind::Grant => Code::NotEntitled,
            Kind::ApiKey | Kind::Borrowed => Code::Unauthenticated,
        },
        Verdict::NotEntitled => Code::NotEntitled,
        Verdict::InsufficientScope => Code::InsufficientScope,
        Verdict::AccountDisabled => Code::AccountDisabled,
        Verdict::OutOfCredit => Code::OutOfCredit,
        Verdict::UsageLimited => Code::UsageLimited,
        Verdict::RateLimited => Code::RateLimited,
        Verdict::UpstreamLimited => Code::UpstreamLimited,
        Verdict::Overloaded => Code::Overloaded,
        Verdict::ServerError => Code::ServerError,
        Verdict::EdgeBlocked => Code::EdgeBlocked,
        Verdict::Timeout => Code::Timeout,
        Verdict::ModelUnavailable => Code::UnknownModel,
        Verdict::ContextTooLong | Verdict::PayloadTooLarge => Code::BodyTooLarge,
        Verdict::ContentBlocked | Verdict::InvalidRequest => Code::Usage,
        Verdict::NotFound => Code::UnknownPath,
        Verdict::GrantDead => Code::GrantDead,
        Verdict::ClientRejected => Code::ClientRejected,
        Verdict::RequestRejected => Code::RequestRejected,
        Verdict::DeviceCodeExpired => Code::DeviceCodeExpired,
        Verdict::AccessDenied => Code::LoginDenied,
        Verdict::Pending | Verdict::SlowDown | Verdict::Transient => Code::Transient,
        Verdict::OutcomeUnknown => Code::OutcomeUnknown,
        Verdict::Success => Code::Internal,
    }
}

/// What happened, in one sentence without a full stop.
pub fn message(verdict: Verdict, provider_name: &str, label: Option<&Label>) -> String {
    let whose = label.map_or_else(|| "the credential".to_owned(), |label| format!("`{label}`"));
    match verdict {
        Verdict::Success => format!("{provider_name} answered"),
        Verdict::Unauthenticated => format!("{provider_name} does not accept {whose} as it is now"),
        Verdict::UnknownDenial => format!("{provider_name} refuses {whose} without saying why"),
        Verdict::NotEntitled => format!("{provider_name} accepts {whose}, but its plan or policy does not allow this"),
        Verdict::InsufficientScope => format!("{provider_name} accepts {whose}, but it lacks a permission for this"),
        Verdict::AccountDisabled => format!("the account behind {whose} is disabled at {provider_name}"),
        Verdict::OutOfCredit => format!("the account behind {whose} is out of credit at {provider_name}"),
        Verdict::UsageLimited => format!("the allowance of {whose} at {provider_name} is used up for now"),
        Verdict::RateLimited => format!("{provider_name} takes no more requests of {whose} at the moment"),
        Verdict::UpstreamLimited => format!("a provider behind {provider_name} is limited, {whose} is not at fault"),
        Verdict::Overloaded => format!("{provider_name} is overloaded"),
        Verdict::ServerError => format!("{provider_name} failed"),
        Verdict::EdgeBlocked => format!("the request never reached {provider_name}: a firewall or proxy answered"),
        Verdict::ModelUnavailable => format!("{provider_name} does not offer this model here"),
        Verdict::ContextTooLong => format!("the conversation is too long for this model of {provider_name}"),
        Verdict::ContentBlocked => format!("{provider_name} refused the content of this request"),
        Verdict::PayloadTooLarge => format!("the request is too large for {provider_name}"),
        Verdict::InvalidRequest => format!("{provider_name} does not understand this request"),
        Verdict::NotFound => format!("{provider_name} has nothing at this address"),
        Verdict::Timeout => format!("time ran out at {provider_name}"),
        Verdict::GrantDead => format!("{provider_name} has ended the login of {whose}"),
        Verdict::ClientRejected => format!("{provider_name} does not accept the client of this row"),
        Verdict::RequestRejected => format!("{provider_name} does not accept the form of the token request"),
        Verdict::Pending => format!("{provider_name} waits for the login to be confirmed"),
        Verdict::SlowDown => format!("{provider_name} wants to be asked less often"),
        Verdict::DeviceCodeExpired => format!("the device code of {provider_name} has expired"),
        Verdict::AccessDenied => format!("the login at {provider_name} was refused"),
        Verdict::Transient => format!("{provider_name} cannot renew {whose} at the moment"),
        Verdict::OutcomeUnknown => format!("it cannot be told whether {provider_name} has renewed {whose}"),
    }
}

/// The credential is not accepted, and whatever repairs it alone has been tried.
fn refused(situation: &Situation<'_>) -> Remedy {
    let provider = situation.row.id.clone();
    match (situation.kind, situation.label, situation.owner) {
        (Kind::ApiKey, Some(label), _) => Remedy::ReplaceKey {
            provider,
            label: label.clone(),
        },
        (Kind::ApiKey, None, _) => Remedy::AddKey { provider },
        (Kind::Borrowed, _, Some(tool)) => Remedy::RenewElsewhere { tool: tool.to_owned() },
        (Kind::Grant, ..) | (Kind::Borrowed, _, None) => Remedy::Probe,
    }
}

/// Only a new login helps, where a login exists.
fn ended(situation: &Situation<'_>) -> Remedy {
    let provider = situation.row.id.clone();
    match (situation.kind, situation.owner, &situation.row.auth) {
        (Kind::Borrowed, Some(tool), _) => Remedy::RenewElsewhere { tool: tool.to_owned() },
        (_, _, Auth::OAuth(_)) => Remedy::Login {
            provider,
            label: situation.label.cloned(),
        },
        (_, _, Auth::ApiKey(_)) => Remedy::AddKey { provider },
    }
}
