//! The device authorization flow (RFC 8628): a code for the user, and the polling that waits for their consent.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::answer::{TokenAnswer, object, read_token_answer, secs, text};
use super::pkce::Verifier;
use super::refusal::exchange_failure;
use super::request::{bare, oauth_of, pin, post_form, post_json};
use super::words::shown;
use crate::credential::ProviderId;
use crate::failure::{Code, Failure};
use crate::provider::{DeviceDialect, Endpoints, Hosts, Row};
use crate::remedy::Remedy;
use crate::secret::Secret;
use crate::time::Moment;
use crate::verdict::{Reading, Verdict};
use crate::wire::{Reply, Request};

/// What the device authorization endpoint gave (RFC 8628 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// Ours, to poll with.
    pub device_code: Secret<String>,
    /// The user's, to type.
    pub user_code: String,
    /// Where the user types it.
    pub verification_uri: Url,
    /// The same with the code already in it.
    pub verification_uri_complete: Option<Url>,
    /// How long both codes live.
    pub expires_in: Duration,
    /// How long to wait between two polls.
    pub interval: Duration,
}

/// Asks for a device code.
pub fn device_request(row: &Row, endpoint: &Url) -> Result<Request, Failure> {
    let oauth = oauth_of(row)?;
    pin(row, endpoint, "device authorization endpoint")?;
    let client = ("client_id", oauth.client_id.as_str());
    Ok(match oauth.device {
        DeviceDialect::Rfc8628 => post_form(endpoint, &[client, ("scope", &oauth.scope)]),
        DeviceDialect::Codex => post_json(endpoint, &[client]),
    })
}

/// Reads the device code out of a successful answer.
pub fn read_device_answer(row: &Row, endpoint: &Url, reply: &Reply) -> Result<DeviceCode, Failure> {
    let fault = |what: &str| {
        Failure::new(
            Code::TokenExchangeInvalid,
            format!("{what}; it came from the device endpoint `{}`", bare(endpoint)),
        )
    };
    let fields = object(reply).map_err(|unfit| fault(&unfit.to_string()))?;
    let lacks = |name: &str| fault(&format!("the answer carries no usable `{name}`"));
    let (device_code, uri) = match oauth_of(row)?.device {
        DeviceDialect::Rfc8628 => (
            text(&fields, "device_code").ok_or_else(|| lacks("device_code"))?,
            page(&fields, "verification_uri")
                .or_else(|| page(&fields, "verification_url"))
                .ok_or_else(|| lacks("verification_uri"))?,
        ),
        DeviceDialect::Codex => (
            text(&fields, "device_auth_id").ok_or_else(|| lacks("device_auth_id"))?,
            at_origin(endpoint, CODEX_PAGE),
        ),
    };
    let user_code = text(&fields, "user_code")
        .or_else(|| text(&fields, "usercode"))
        .map(|code| shown(&code, USER_CODE_LIMIT))
        .filter(|code| !code.is_empty())
        .ok_or_else(|| lacks("user_code"))?;
    Ok(DeviceCode {
        device_code: Secret::new(device_code),
        user_code,
        verification_uri: uri,
        verification_uri_complete: page(&fields, "verification_uri_complete"),
        expires_in: secs(&fields, "expires_in").unwrap_or(LIFE).min(LIFE_LIMIT),
        interval: secs(&fields, "interval").unwrap_or(INTERVAL).min(INTERVAL_LIMIT),
    })
}

/// Which endpoint is polled: the token endpoint, or the device endpoint's sibling in the dialect that has one.
pub fn poll_endpoint(row: &Row, endpoints: &Endpoints) -> Result<Url, Failure> {
    let missing = |what: &str| Failure::new(Code::RowInvalid, format!("{} has no {what}", row.id));
    match oauth_of(row)?.device {
        DeviceDialect::Rfc8628 => endpoints.token.clone().ok_or_else(|| missing("token endpoint")),
        DeviceDialect::Codex => {
            let device = endpoints.device_authorization.as_ref();
            device
                .and_then(|device| device.join("token").ok())
                .ok_or_else(|| missing("device authorization endpoint"))
        }
    }
}

/// The machine that polls; it takes itself by value, so that nothing can be polled after the end.
#[derive(Debug)]
pub struct DevicePoll {
    code: DeviceCode,
    began: Moment,
    faults: u32,
}

/// What to do next.
#[derive(Debug)]
pub enum PollStep {
    /// Wait, then send the request of `then`.
    Wait {
        /// How long.
        after: Duration,
        /// The machine.
        then: DevicePoll,
    },
    /// The user consented.
    Granted(Box<TokenAnswer>),
    /// The user consented, and what came has to be exchanged as a code is.
    Exchange {
        /// The code.
        code: Secret<String>,
        /// The verifier that the server chose.
        verifier: Verifier,
        /// The redirect URI that belongs to it.
        redirect_uri: String,
    },
    /// It is over.
    Failed(Failure),
}

impl DevicePoll {
    /// Begins with a wait: no user is that fast.
    pub fn begin(row: &Row, code: DeviceCode, now: &Moment) -> PollStep {
        let after = code.interval;
        let poll = Self {
            code,
            began: now.clone(),
            faults: 0,
        };
        poll.wait(row, after, now)
    }

    /// The poll to send now (RFC 8628 3.4).
    pub fn request(&self, row: &Row, endpoint: &Url) -> Result<Request, Failure> {
        let oauth = oauth_of(row)?;
        pin(row, endpoint, "token endpoint")?;
        let device_code = self.code.device_code.expose().as_str();
        Ok(match oauth.device {
            DeviceDialect::Rfc8628 => post_form(
                endpoint,
                &[
                    ("grant_type", GRANT_TYPE),
                    ("device_code", device_code),
                    ("client_id", &oauth.client_id),
                ],
            ),
            DeviceDialect::Codex => post_json(
                endpoint,
                &[("device_auth_id", device_code), ("user_code", &self.code.user_code)],
            ),
        })
    }

    /// A poll was answered, and read so.
    pub fn answered(
        mut self,
        row: &Row,
        endpoint: &Url,
        reply: &Reply,
        reading: &Reading,
        key_provider: Option<&ProviderId>,
        now: &Moment,
    ) -> PollStep {
        match reading.verdict {
            Verdict::Success => finish(row, endpoint, reply).unwrap_or_else(PollStep::Failed),
            Verdict::Pending => {
                self.faults = 0;
                let after = self.code.interval;
                self.wait(row, after, now)
            }
            Verdict::SlowDown => {
                self.faults = 0;
                self.code.interval += SLOWER;
                let after = self.code.interval;
                self.wait(row, after, now)
            }
            Verdict::DeviceCodeExpired => PollStep::Failed(expired(row)),
            Verdict::AccessDenied => PollStep::Failed(
                Failure::new(Code::LoginDenied, format!("the login at {} was denied", row.name))
                    .with_remedy(login(row)),
            ),
            Verdict::Transient
            | Verdict::OutcomeUnknown
            | Verdict::EdgeBlocked
            | Verdict::ServerError
            | Verdict::Overloaded
            | Verdict::Timeout
            | Verdict::RateLimited
            | Verdict::UpstreamLimited => {
                let failure = exchange_failure(row, endpoint, reply, reading, &[&self.code.device_code], key_provider);
                self.back_off(row, failure, now)
            }
            Verdict::GrantDead
            | Verdict::ClientRejected
            | Verdict::RequestRejected
            | Verdict::NotEntitled
            | Verdict::UnknownDenial
            | Verdict::Unauthenticated
            | Verdict::InsufficientScope
            | Verdict::AccountDisabled
            | Verdict::OutOfCredit
            | Verdict::UsageLimited
            | Verdict::ModelUnavailable
            | Verdict::ContextTooLong
            | Verdict::ContentBlocked
            | Verdict::PayloadTooLarge
            | Verdict::InvalidRequest
            | Verdict::NotFound => PollStep::Failed(exchange_failure(
                row,
                endpoint,
                reply,
                reading,
                &[&self.code.device_code],
                key_provider,
            )),
        }
    }

    /// A poll got no answer, and this says why.
    pub fn broken(self, row: &Row, failure: Failure, now: &Moment) -> PollStep {
        self.back_off(row, failure, now)
    }

    /// RFC 8628 3.5: after a fault the interval doubles; it is itself again after the next good answer.
    fn back_off(mut self, row: &Row, failure: Failure, now: &Moment) -> PollStep {
        self.faults += 1;
        if self.faults > FAULTS_LIMIT {
            return PollStep::Failed(failure);
        }
        let doubled = self
            .code
            .interval
            .saturating_mul(1 << self.faults.min(6))
            .min(BACKOFF_LIMIT);
        let after = doubled
            .max(self.code.interval)
            .max(failure.retry_after.unwrap_or_default());
        self.wait(row, after, now)
    }

    fn wait(self, row: &Row, after: Duration, now: &Moment) -> PollStep {
        if now.since(&self.began) + after >= self.code.expires_in {
            PollStep::Failed(expired(row))
        } else {
            PollStep::Wait { after, then: self }
        }
    }
}

fn finish(row: &Row, endpoint: &Url, reply: &Reply) -> Result<PollStep, Failure> {
    let oauth = oauth_of(row)?;
    match oauth.device {
        DeviceDialect::Rfc8628 => match read_token_answer(oauth, reply) {
            Ok(answer) => Ok(PollStep::Granted(Box::new(answer))),
            Err(fault) => Err(fault.into_failure(endpoint)),
        },
        DeviceDialect::Codex => {
            let fields = object(reply).map_err(|fault| fault.into_failure(endpoint))?;
            let code = text(&fields, "authorization_code").ok_or_else(|| {
                Failure::new(
                    Code::TokenExchangeInvalid,
                    format!("the answer of `{}` carries no `authorization_code`", bare(endpoint)),
                )
            })?;
            Ok(PollStep::Exchange {
                code: Secret::new(code),
                verifier: Verifier::read(&text(&fields, "code_verifier").unwrap_or_default(), &row.id)?,
                redirect_uri: at_origin(endpoint, CODEX_CALLBACK).into(),
            })
        }
    }
}

fn expired(row: &Row) -> Failure {
    Failure::new(
        Code::DeviceCodeExpired,
        format!("the code for {} expired before the login was finished", row.name),
    )
    .with_remedy(login(row))
}

fn login(row: &Row) -> Remedy {
    Remedy::Login {
        provider: row.id.clone(),
        label: None,
    }
}

/// A page that may be shown and opened: https or on loopback, and without user information.
fn page(fields: &Map<String, Value>, name: &str) -> Option<Url> {
    let url: Url = text(fields, name)?.parse().ok()?;
    let host = url.host_str()?.to_owned();
    Hosts::new([host]).allows(&url).then_some(url)
}

fn at_origin(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// RFC 8628 3.4.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 8628 3.2: what holds when the answer names no interval.
const INTERVAL: Duration = Duration::from_secs(5);

/// A server that asks for more would let its own code expire.
const INTERVAL_LIMIT: Duration = Duration::from_secs(60);

/// RFC 8628 3.5: `slow_down` adds 5 seconds to this and all later waits.
const SLOWER: Duration = Duration::from_secs(5);

/// The usual life of a device code, for answers that leave out the field that RFC 8628 requires.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// Nobody types a code an hour later.
const LIFE_LIMIT: Duration = Duration::from_secs(3_600);

/// A provider that has recovered is noticed within a minute.
const BACKOFF_LIMIT: Duration = Duration::from_secs(60);

/// Faults in a row, several minutes with the backoff; whoever still waits wants to hear of it.
const FAULTS_LIMIT: u32 = 10;

/// Codes to type have 6 to 12 characters.
const USER_CODE_LIMIT: usize = 32;

/// Where the two-step dialect has its users type the code.
const CODEX_PAGE: &str = "/codex/device";

/// The redirect URI that the two-step dialect's codes are bound to.
const CODEX_CALLBACK: &str = "/deviceauth/callback";
