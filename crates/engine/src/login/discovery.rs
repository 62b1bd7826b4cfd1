//! Discovery (OpenID Connect Discovery 1.0): which endpoints an issuer has, believed only if they are its own.

use serde_json::{Map, Value};
use url::Url;

use super::answer::{AnswerFault, object};
use super::hearing::hear;
use super::refusal::at_login;
use super::request::{bare, fetch, oauth_of, pin};
use super::words::{shown, words_of};
use crate::failure::{Code, Failure};
use crate::provider::{Endpoints, OAuth, Row};
use crate::remedy::Remedy;
use crate::time::Timestamp;
use crate::verdict::{Channel, Verdict, claims_success};
use crate::wire::{Reply, Request};

/// Asks the row's issuer for its metadata.
pub fn discovery_request(row: &Row) -> Result<Request, Failure> {
    let document = document(row, oauth_of(row)?)?;
    pin(row, &document, "issuer")?;
    Ok(fetch(&document))
}

/// The row's endpoints, completed from the issuer's metadata. `discovery-invalid` is what cannot be believed; an issuer
/// that fails for now has a code of its own.
pub fn read_discovery(row: &Row, reply: &Reply, now: Timestamp) -> Result<Endpoints, Failure> {
    let oauth = oauth_of(row)?;
    let document = document(row, oauth)?;
    let fault = |what: &str| {
        Failure::new(
            Code::DiscoveryInvalid,
            format!(
                "the metadata of {} at `{}` cannot be used: {what} (HTTP {})",
                row.id,
                bare(&document),
                reply.status
            ),
        )
        .with_remedy(Remedy::CheckNetwork {
            host: document.host_str().unwrap_or_default().to_owned(),
        })
    };
    if !claims_success(reply) {
        let reading = hear(row, Channel::Token, reply, now);
        let failure = fault(&format!("it answers {}", words_of(reply, &[])));
        let passing = at_login(reading.verdict) == Verdict::Transient;
        return Err(Failure {
            code: if passing { Code::Transient } else { failure.code },
            retry_after: reading.retry_after,
            ..failure
        });
    }
    let fields = object(reply).map_err(|unfit| fault(described(unfit)))?;
    let given = fields.get("issuer").and_then(Value::as_str);
    let own = oauth
        .issuer
        .as_ref()
        .map(|issuer| issuer.as_str().trim_end_matches('/'));
    match given {
        None => return Err(fault("it names no `issuer`")),
        Some(given) if Some(given.trim_end_matches('/')) != own => {
            return Err(fault(&format!("its `issuer` is `{}`", shown(given, SHOWN))));
        }
        Some(_) => {}
    }
    let endpoint = |own: &Option<Url>, name: &str| match own {
        Some(own) => Ok(Some(own.clone())),
        None => read_endpoint(row, &fields, name).map_err(|what| fault(&what)),
    };
    let endpoints = Endpoints {
        authorization: endpoint(&oauth.endpoints.authorization, "authorization_endpoint")?,
        token: endpoint(&oauth.endpoints.token, "token_endpoint")?,
        device_authorization: endpoint(&oauth.endpoints.device_authorization, "device_authorization_endpoint")?,
        revocation: endpoint(&oauth.endpoints.revocation, "revocation_endpoint")?,
    };
    if endpoints.token.is_none() {
        return Err(fault("it names no `token_endpoint`"));
    }
    Ok(endpoints)
}

fn document(row: &Row, oauth: &OAuth) -> Result<Url, Failure> {
    let missing = || {
        Failure::new(
            Code::RowInvalid,
            format!("{} names neither endpoints nor an issuer", row.id),
        )
    };
    let mut document = oauth.issuer.clone().ok_or_else(missing)?;
    let path = format!("{}{WELL_KNOWN}", document.path().trim_end_matches('/'));
    document.set_path(&path);
    Ok(document)
}

fn read_endpoint(row: &Row, fields: &Map<String, Value>, name: &str) -> Result<Option<Url>, String> {
    let text = match fields.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(format!("its `{name}` is not a text"));
        }
    };
    let url: Url = text
        .parse()
        .map_err(|_malformed| format!("its `{name}` is not a URL: `{}`", shown(text, SHOWN)))?;
    if row.hosts.allows(&url) {
        Ok(Some(url))
    } else {
        Err(format!(
            "its `{name}` is on a host that is not allowed: `{}`",
            bare(&url)
        ))
    }
}

const fn described(unfit: AnswerFault) -> &'static str {
    match unfit {
        AnswerFault::Empty => "it is empty",
        AnswerFault::Html => "it is an HTML page",
        AnswerFault::Oversized => "it is too long",
        AnswerFault::NotJson => "it is not JSON, or breaks off",
        AnswerFault::NotAnObject | AnswerFault::NoAccessToken | AnswerFault::UnfitAccessToken => {
            "it is not a JSON object"
        }
    }
}

/// OpenID Connect Discovery 4: appended to the issuer's own path.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Enough of a wrong value to recognise it.
const SHOWN: usize = 120;
