//! A verdict in words and numbers: the sentence that people read wherever it is shown, and the stable code.

use crate::credential::{Kind, Label};
use crate::failure::Code;
use crate::vocabulary::{Channel, Verdict};

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
pub fn message(verdict: Verdict, channel: Channel, provider_name: &str, label: Option<&Label>) -> String {
    let whose = label.map_or_else(|| "the credential".to_owned(), |label| format!("`{label}`"));
    match verdict {
        Verdict::Success => format!("{provider_name} answered"),
        Verdict::Unauthenticated => format!("{provider_name} does not accept {whose} as it is now"),
        Verdict::UnknownDenial => format!("{provider_name} refuses {whose} without saying why"),
        Verdict::NotEntitled => match channel {
            Channel::Inference | Channel::Stream => {
                format!("{provider_name} accepts {whose}, but its plan or policy does not allow this")
            }
            Channel::Token => format!("{provider_name} refuses to renew {whose}: its plan or policy does not allow it"),
            Channel::Device => format!("{provider_name} refuses this login: the account's plan or policy forbids it"),
        },
        Verdict::InsufficientScope => format!("{provider_name} accepts {whose}, but it lacks a permission for this"),
        Verdict::AccountDisabled => format!("the account behind {whose} is disabled at {provider_name}"),
        Verdict::OutOfCredit => format!("the account behind {whose} is out of credit at {provider_name}"),
        Verdict::UsageLimited => format!("the allowance of {whose} at {provider_name} is used up for now"),
        Verdict::RateLimited => format!("{provider_name} takes no more requests of {whose} at the moment"),
        Verdict::UpstreamLimited => format!("a provider behind {provider_name} is limited, {whose} is not at fault"),
        Verdict::Overloaded => format!("{provider_name} is overloaded"),
        Verdict::ServerError => format!("{provider_name} failed"),
        Verdict::EdgeBlocked => match channel {
            Channel::Inference | Channel::Stream => {
                format!("the request never reached {provider_name}: a firewall or proxy answered")
            }
            Channel::Token | Channel::Device => {
                format!("the login server of {provider_name} was never reached: a firewall or proxy answered")
            }
        },
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
