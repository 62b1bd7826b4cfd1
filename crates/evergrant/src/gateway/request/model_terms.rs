//! Holds a request to the models that its client key allows: it must name one where that decides what answers.

use evergrant_driver::client::{Body, Endpoint, PathModel, below_version};
use evergrant_driver::{Failure, Guest};
use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderName, Method};
use url::form_urlencoded;

use super::destination::{MODEL, is_model_field};

/// Refuses a request that means, or could be read to mean, a model that is not allowed. What only reads uses none.
pub(super) async fn allowed(guest: &Guest, parts: &Parts, body: &mut Body, path: &str) -> Result<(), Failure> {
    let in_body = body.named_models(&parts.headers).await?;
    let (below, query) = path.split_once('?').unwrap_or((path, ""));
    let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let (in_query, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| is_model_field(name));
    let place = place(&parts.method, below, parts.headers.contains_key(UPGRADE));
    let in_path = match &place {
        Place::Path(model) => Some(model),
        Place::Body | Place::Session | Place::Nowhere | Place::Unknown => None,
    };
    let named = in_body.sole.iter().chain(&in_body.of_tools);
    for model in named.chain(in_path) {
        guest.check_model(Some(model))?;
    }
    // A model is named there as in the path of `/models/MODEL`, or whole.
    for model in &in_body.of_requests {
        guest.check_model(Some(model.strip_prefix("models/").unwrap_or(model)))?;
    }
    for (_, model) in &in_query {
        guest.check_model(Some(model))?;
    }
    let is_bound = match place {
        Place::Body => in_body.sole.is_some(),
        Place::Path(_) => true,
        // Anything beside it may make another kind of session, with a model that is named within.
        Place::Session => matches!(in_query.as_slice(), [(name, _)] if *name == MODEL) && others.is_empty(),
        Place::Nowhere => in_body.is_empty,
        Place::Unknown => false,
    };
    let mut names = parts
        .headers
        .keys()
        .map(HeaderName::as_str)
        .chain(others.iter().map(|(name, _)| &**name));
    if is_bound && !names.any(names_a_model) {
        return Ok(());
    }
    guest.check_model(None)
}

/// Where an endpoint has the model that answers.
enum Place {
    /// In the body.
    Body,
    /// In the path: this one.
    Path(String),
    /// In the query, for all that is said within a WebSocket.
    Session,
    /// Nowhere: it only reads, and uses none.
    Nowhere,
    /// Wherever its provider looks for it.
    Unknown,
}

fn place(method: &Method, path: &str, leaves_http: bool) -> Place {
    let named = || PathModel::of(method, path);
    if leaves_http {
        return if below_version(path) == "/realtime" {
            Place::Session
        } else {
            Place::Unknown
        };
    }
    if *method == Method::POST {
        if Endpoint::has_model_in_body(path) {
            return Place::Body;
        }
        return match named() {
            Some(PathModel {
                written,
                deed: Some(deed),
            }) if is_plain(written) && Endpoint::has_model_in_path(deed) => Place::Path(written.to_owned()),
            Some(_) | None => Place::Unknown,
        };
    }
    let is_read = [Method::GET, Method::HEAD].contains(method);
    let only_reads = is_read && Endpoint::reads_without_model(path) && !path.contains(':');
    match (only_reads, named()) {
        (true, Some(model)) => Place::Path(model.name()),
        (true, None) if below_version(path) == "/models/" => Place::Unknown,
        (true, None) => Place::Nowhere,
        (false, _) => Place::Unknown,
    }
}

/// Whether it is one segment that every server reads as it stands.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !segment.is_empty() && segment.bytes().all(plain)
}

/// Whether a header or a field of the query of this name is where some routers have the model: what it means there is not known.
fn names_a_model(name: &str) -> bool {
    let says = |word: &str| ELSEWHERE.iter().any(|known| known.eq_ignore_ascii_case(word));
    name.split(['-', '_']).any(says)
}

/// Words that say a model is named there.
const ELSEWHERE: [&str; 4] = ["model", "models", "deployment", "engine"];
