//! A refused login as the user reads it: the status first, then the provider's own words, then what would help.

use url::Url;

use super::request::bare;
use super::words::words_of;
use crate::credential::{Kind, ProviderId};
use crate::failure::{Code, Failure};
use crate::provider::Row;
use crate::remedy::Remedy;
use crate::secret::Secret;
use crate::verdict::{Channel, Place, Reading, Situation, Verdict, advise, code};
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
    let verdict = at_login(reading.verdict);
    let detail = format!(
        "{} from {} by signal {}",
        reading.verdict.as_str(),
        bare(endpoint),
        reading.signal.name
    );
    Failure {
        code: code_of(verdict),
        message,
        detail: Some(detail),
        remedy: remedy_of(row, endpoint, verdict, key_provider),
        retry_after: reading.retry_after,
        credentials: Vec::new(),
    }
}

/// What a verdict comes to before there is a grant: nothing was rotated, and a code that is refused is spent.
pub(super) const fn at_login(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::UnknownDenial => Verdict::NotEntitled,
        Verdict::Unauthenticated | Verdict::Pending => Verdict::GrantDead,
        Verdict::SlowDown | Verdict::OutcomeUnknown | Verdict::ServerError | Verdict::Overloaded | Verdict::Timeout => {
            Verdict::Transient
        }
        Verdict::InvalidRequest
        | Verdict::NotFound
        | Verdict::PayloadTooLarge
        | Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::ModelUnavailable => Verdict::RequestRejected,
        Verdict::Success
        | Verdict::NotEntitled
        | Verdict::InsufficientScope
        | Verdict::AccountDisabled
        | Verdict::OutOfCredit
        | Verdict::UsageLimited
        | Verdict::RateLimited
        | Verdict::UpstreamLimited
        | Verdict::EdgeBlocked
        | Verdict::GrantDead
        | Verdict::ClientRejected
        | Verdict::RequestRejected
        | Verdict::DeviceCodeExpired
        | Verdict::AccessDenied
        | Verdict::Transient => verdict,
    }
}

fn code_of(verdict: Verdict) -> Code {
    if verdict == Verdict::Success {
        return Code::TokenExchangeInvalid;
    }
    match code(verdict, Kind::Grant) {
        Code::GrantDead | Code::ClientRejected | Code::RequestRejected => Code::TokenExchangeFailed,
        own => own,
    }
}

fn remedy_of(row: &Row, endpoint: &Url, verdict: Verdict, key_provider: Option<&ProviderId>) -> Option<Remedy> {
    if verdict == Verdict::EdgeBlocked {
        let host = endpoint.host_str().unwrap_or_default().to_owned();
        return Some(Remedy::CheckNetwork { host });
    }
    let place = Place {
        key_provider: key_provider.cloned(),
        ..Place::of(row)
    };
    let situation = Situation {
        place: &place,
        channel: Channel::Token,
        kind: Kind::Grant,
        label: None,
        owner: None,
        variable: None,
        reset: None,
    };
    advise(verdict, &situation)
}
