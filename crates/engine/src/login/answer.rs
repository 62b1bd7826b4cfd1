//! The token endpoint's good answer (RFC 6749 5.1): what it grants, for how long and to whom.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::authorize::Nonce;
use super::claims::{Claims, identity_of};
use super::request::bare;
use crate::credential::{Authority, Grant, LoginOrigin};
use crate::failure::{Code, Failure};
use crate::provider::{OAuth, Quirk};
use crate::secret::Secret;
use crate::time::{Moment, Timestamp};
use crate::wire::{Reply, dated};

/// Everything a token answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: Secret<String>,
    /// The refresh token; none means that the old one stays.
    pub refresh_token: Option<Secret<String>>,
    /// The identity token.
    pub id_token: Option<Secret<String>>,
    /// `Bearer`, unless it says otherwise.
    pub token_type: String,
    /// The scope granted, if it says so.
    pub scope: Option<String>,
    /// How long the access token lives, if anything tells.
    pub lifetime: Option<Duration>,
    /// `sub` of the identity or access token.
    pub subject: Option<String>,
    /// Account, team or organisation.
    pub account: Option<String>,
}

/// Why a token answer cannot be used; it never shows any of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AnswerFault {
    /// Nothing came.
    #[error("the answer is empty")]
    Empty,
    /// A page for people.
    #[error("the answer is an HTML page")]
    Html,
    /// It is longer than any token answer.
    #[error("the answer is longer than any token answer and was cut")]
    Oversized,
    /// It is no JSON, or breaks off.
    #[error("the answer is not JSON, or breaks off")]
    NotJson,
    /// It is JSON, but no object.
    #[error("the answer is not a JSON object")]
    NotAnObject,
    /// It grants nothing.
    #[error("the answer carries no access token")]
    NoAccessToken,
    /// The token cannot be sent in a header.
    #[error("the answer's access token cannot be sent in a header")]
    UnfitAccessToken,
}

impl AnswerFault {
    /// The same for the user, after a code exchange.
    pub fn into_failure(self, endpoint: &Url) -> Failure {
        Failure::new(
            Code::TokenExchangeInvalid,
            format!("{self}; it came from the token endpoint `{}`", bare(endpoint)),
        )
    }
}

/// Reads a successful answer of the token endpoint.
pub fn read_token_answer(oauth: &OAuth, reply: &Reply) -> Result<TokenAnswer, AnswerFault> {
    let fields = fields(reply)?;
    let access_token = text(&fields, "access_token").ok_or(AnswerFault::NoAccessToken)?;
    if !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AnswerFault::UnfitAccessToken);
    }
    let refresh_token = text(&fields, "refresh_token");
    if refresh_token
        .as_ref()
        .is_some_and(|token| token.contains(char::REPLACEMENT_CHARACTER))
    {
        return Err(AnswerFault::NotJson);
    }
    let id_token = text(&fields, "id_token");
    let claims = Claims::of(&access_token);
    let identity = identity_of(&access_token, id_token.as_deref());
    let told = told_lifetime(&fields);
    let coded = claims.as_ref().and_then(|claims| coded_lifetime(claims, reply));
    let lifetime = if oauth.quirks.has(Quirk::NoExpiresInUseJwtExp) {
        coded.or(told)
    } else {
        told.or(coded)
    };
    Ok(TokenAnswer {
        subject: identity.subject,
        account: identity.account,
        access_token: Secret::new(access_token),
        refresh_token: refresh_token.map(Secret::new),
        id_token: id_token.map(Secret::new),
        token_type: text(&fields, "token_type").unwrap_or_else(|| "Bearer".to_owned()),
        scope: text(&fields, "scope"),
        lifetime,
    })
}

impl TokenAnswer {
    /// Whether the identity token, if there is one that says so, belongs to the request with this nonce.
    pub fn answers(&self, nonce: &Nonce) -> bool {
        let identity = self.id_token.as_ref().and_then(|token| Claims::of(token.expose()));
        identity
            .and_then(|claims| claims.text("nonce"))
            .is_none_or(|given| nonce.matches(&given))
    }

    /// A new grant, obtained by a login at this endpoint.
    pub fn into_grant(self, oauth: &OAuth, endpoint: &Url, obtained: Moment) -> Grant {
        Grant {
            login: LoginOrigin {
                authority: Arc::new(Authority {
                    issuer: oauth.issuer.clone(),
                    client_id: oauth.client_id.clone(),
                    token_host: endpoint.host_str().unwrap_or_default().to_owned(),
                }),
                subject: self.subject,
                account: self.account,
                at: obtained.wall,
            },
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            id_token: self.id_token,
            token_type: self.token_type,
            scope: self.scope,
            obtained,
            lifetime: self.lifetime,
        }
    }

    /// The successor of a grant after a refresh: what the answer leaves out stays as it was.
    pub fn renew(self, grant: &Grant, obtained: Moment) -> Grant {
        Grant {
            access_token: self.access_token,
            refresh_token: self.refresh_token.or_else(|| grant.refresh_token.clone()),
            id_token: self.id_token.or_else(|| grant.id_token.clone()),
            token_type: self.token_type,
            scope: self.scope.or_else(|| grant.scope.clone()),
            obtained,
            lifetime: self.lifetime,
            login: grant.login.clone(),
        }
    }
}

/// The fields of a token answer: of a JSON object, or of a form, which some servers send whatever is asked for.
fn fields(reply: &Reply) -> Result<Map<String, Value>, AnswerFault> {
    let unfit = match object(reply) {
        Err(unfit @ AnswerFault::NotJson) => unfit,
        read => return read,
    };
    let fields: Map<String, Value> = form_urlencoded::parse(trimmed(reply))
        .take(FORM_FIELDS)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    // A form is known by what it brings: anything reads as some form, half of an object or an array as well.
    let begins_like_json = matches!(trimmed(reply), [b'{' | b'[' | b'"', ..]);
    if !begins_like_json && fields.contains_key("access_token") {
        Ok(fields)
    } else {
        Err(unfit)
    }
}

/// The JSON object of an answer, or what it is instead. A byte order mark and bytes that are not UTF-8 are passed over: the
/// tokens beside them may exist nowhere else.
pub(super) fn object(reply: &Reply) -> Result<Map<String, Value>, AnswerFault> {
    let body = trimmed(reply);
    if reply.truncated {
        return Err(AnswerFault::Oversized);
    }
    if body.is_empty() {
        return Err(AnswerFault::Empty);
    }
    if body.starts_with(b"<") {
        return Err(AnswerFault::Html);
    }
    match serde_json::from_str(&String::from_utf8_lossy(body)).map_err(|_malformed| AnswerFault::NotJson)? {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(AnswerFault::NotAnObject)
        }
    }
}

/// The body without what may stand around it: white space, and a byte order mark before it.
fn trimmed(reply: &Reply) -> &[u8] {
    let body = reply.body.trim_ascii();
    let rest = body.strip_prefix(BYTE_ORDER_MARK);
    rest.map_or(body, |rest| rest.trim_ascii())
}

/// A text field that is not empty.
pub(super) fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let text = fields.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A number of whole seconds above zero, given as a number or as its digits (some servers quote it).
pub(super) fn secs(fields: &Map<String, Value>, name: &str) -> Option<Duration> {
    let value = fields.get(name)?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number >= 1.0 && number <= LONGEST.as_secs_f64()).then(|| Duration::from_secs_f64(number.floor()))
}

fn told_lifetime(fields: &Map<String, Value>) -> Option<Duration> {
    secs(fields, "expires_in")
}

/// The lifetime that a JWT carries: from its own `iat`, or else from the server's date, never from our clock.
fn coded_lifetime(claims: &Claims, reply: &Reply) -> Option<Duration> {
    let expiry = Timestamp::from_secs(claims.secs("exp")?);
    let start = claims
        .secs("iat")
        .map(Timestamp::from_secs)
        .or_else(|| dated(&reply.headers))?;
    let lifetime = expiry.since(start);
    (!lifetime.is_zero() && lifetime <= LONGEST).then_some(lifetime)
}

/// As some servers on Windows begin what they send.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// 32: a token answer has ten fields.
const FORM_FIELDS: usize = 32;

/// Ten years: no token lives longer, but a date mistaken for a lifetime looks like more.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
