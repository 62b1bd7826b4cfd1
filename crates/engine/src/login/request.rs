//! Puts a request together, and refuses to address a host that the row does not allow.

use std::collections::BTreeMap;

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::failure::{Code, Failure};
use crate::provider::{OAuth, Origin, Row};
use crate::remedy::Remedy;
use crate::secret::Secret;
use crate::wire::Request;

/// The OAuth half of a row, or a failure that says how this provider is used instead.
pub(super) fn oauth_of(row: &Row) -> Result<&OAuth, Failure> {
    row.oauth().ok_or_else(|| {
        Failure::new(
            Code::Usage,
            format!("{} takes an API key; there is no login for it", row.id),
        )
        .with_remedy(Remedy::AddKey {
            provider: row.id.clone(),
        })
    })
}

/// Fails unless the row allows this endpoint; called before anything is built that carries a secret.
pub(super) fn pin(row: &Row, endpoint: &Url, which: &str) -> Result<(), Failure> {
    if row.hosts.allows(endpoint) {
        return Ok(());
    }
    let message = format!(
        "the {which} `{}` is not on a host of {} (`{}`): nothing was sent",
        bare(endpoint),
        row.id,
        row.hosts.names().join("`, `"),
    );
    let failure = Failure::new(Code::RowInvalid, message);
    Err(match &row.origin {
        Origin::File(file) => failure.with_remedy(Remedy::EditFile {
            place: format!("`hosts` or the endpoint in {file}"),
        }),
        Origin::BuiltIn => failure,
    })
}

/// The endpoint as messages show it: without query, fragment and user information.
pub(super) fn bare(endpoint: &Url) -> String {
    format!("{}{}", endpoint.origin().ascii_serialization(), endpoint.path())
}

/// A POST of form fields in the order given (RFC 6749 appendix B).
pub(super) fn post_form(endpoint: &Url, fields: &[(&str, &str)]) -> Request {
    // Room for every byte escaped, so that the buffer never moves and leaves a copy of a secret behind.
    let room = fields
        .iter()
        .map(|(key, value)| 3 * (key.len() + value.len()) + 2)
        .sum();
    let mut form = Serializer::new(String::with_capacity(room));
    form.extend_pairs(fields);
    post(endpoint, FORM, form.finish().into_bytes())
}

/// A POST of one JSON object of texts.
pub(super) fn post_json(endpoint: &Url, fields: &[(&str, &str)]) -> Request {
    let object: BTreeMap<&str, &str> = fields.iter().copied().collect();
    // A map of texts always serialises.
    let body = serde_json::to_vec(&object).unwrap_or_default();
    post(endpoint, JSON, body)
}

/// A GET that expects JSON.
pub(super) fn fetch(endpoint: &Url) -> Request {
    Request {
        method: Method::GET,
        url: endpoint.clone(),
        headers: headers(),
        body: Secret::new(Vec::new()),
    }
}

fn post(endpoint: &Url, content_type: &'static str, body: Vec<u8>) -> Request {
    let mut headers = headers();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Request {
        method: Method::POST,
        url: endpoint.clone(),
        headers,
        body: Secret::new(body),
    }
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(JSON));
    // Answers are small, and their errors must be readable.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers
}

/// The media type that RFC 6749 4.1.3 asks for.
const FORM: &str = "application/x-www-form-urlencoded";

/// The media type of answers, and of the requests of rows that say so.
const JSON: &str = "application/json";

/// Some edges refuse requests that do not name themselves.
const AGENT: &str = concat!("evergrant/", env!("CARGO_PKG_VERSION"));
