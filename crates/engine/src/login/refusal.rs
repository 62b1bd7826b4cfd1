//! A refused login as the user reads it: the status first, then the provider's own words, then what would help.

use url::Url;

use super::request::bare;
use super::words::words_of;
use crate::credential::ProviderId;
use crate::failure::{Code, Failure};
use crate::provider::{Origin, Row};
use crate::remedy::Remedy;
use crate::secret::Secret;
use crate::verdict::{Reading, Verdict};
use crate::wire::Reply;

/// The failure of a code exchange or device poll that the provider refused; `sent` are the secrets it may have echoed,
/// `key_provider` is the row that takes API keys for the same API.
pub fn exchange_failure(
    row: &Row,
    endpoint: &Url,
    reply: &Reply,
    reading: &Reading,
    sent: &[&Secret<String>],
    key_provider: Option<&ProviderId>,
) -> Failure {
    let message = format!("HTTP {}: {}", reply.status, words_of(reply, sent));
    let (code, remedy) = judge(row, endpoint, reading.verdict, key_provider);
    let detail = format!(
        "{} from {} by signal {}",
        reading.verdict.as_str(),
        bare(endpoint),
        reading.signal.name
    );
    Failure {
        code,
        message,
        detail: Some(detail),
        remedy,
        retry_after: reading.retry_after,
    }
}

fn judge(row: &Row, endpoint: &Url, verdict: Verdict, key_provider: Option<&ProviderId>) -> (Code, Option<Remedy>) {
    let provider = row.id.clone();
    let login = Remedy::Login {
        provider: provider.clone(),
        label: None,
    };
    match verdict {
        Verdict::NotEntitled | Verdict::UnknownDenial => (
            Code::NotEntitled,
            Some(Remedy::ChangePlan {
                provider,
                key_provider: key_provider.cloned(),
            }),
        ),
        Verdict::InsufficientScope => (Code::InsufficientScope, edit(row)),
        Verdict::AccountDisabled => (Code::AccountDisabled, Some(Remedy::ContactProvider { provider })),
        Verdict::OutOfCredit => (Code::OutOfCredit, Some(Remedy::AddCredit { provider })),
        Verdict::UsageLimited => (Code::UsageLimited, Some(Remedy::Wait { until: None })),
        Verdict::RateLimited | Verdict::UpstreamLimited | Verdict::SlowDown => {
            (Code::RateLimited, Some(Remedy::Wait { until: None }))
        }
        Verdict::EdgeBlocked => (
            Code::EdgeBlocked,
            Some(Remedy::CheckNetwork {
                host: endpoint.host_str().unwrap_or_default().to_owned(),
            }),
        ),
        Verdict::Transient
        | Verdict::OutcomeUnknown
        | Verdict::ServerError
        | Verdict::Overloaded
        | Verdict::Timeout => (Code::Transient, Some(Remedy::Wait { until: None })),
        Verdict::AccessDenied => (Code::LoginDenied, Some(login)),
        Verdict::DeviceCodeExpired => (Code::DeviceCodeExpired, Some(login)),
        Verdict::GrantDead | Verdict::Unauthenticated | Verdict::Pending => (Code::TokenExchangeFailed, Some(login)),
        Verdict::ClientRejected
        | Verdict::RequestRejected
        | Verdict::InvalidRequest
        | Verdict::NotFound
        | Verdict::PayloadTooLarge
        | Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::ModelUnavailable => (Code::TokenExchangeFailed, edit(row)),
        Verdict::Success => (Code::TokenExchangeInvalid, None),
    }
}

/// What is configured about the login can be mended only where the user wrote it.
fn edit(row: &Row) -> Option<Remedy> {
    match &row.origin {
        Origin::File(file) => Some(Remedy::EditFile {
            place: format!("`[oauth]` of {} in {file}", row.id),
        }),
        Origin::BuiltIn => None,
    }
}
