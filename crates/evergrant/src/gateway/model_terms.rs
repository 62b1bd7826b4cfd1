//! Holds a request to the models that its client key allows: it must name one where that decides what answers.

use evergrant_driver::client::Body;
use evergrant_driver::{Failure, Guest};
use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderMap, Method};
use url::form_urlencoded;

use super::destination::model_of;

/// Refuses a request that means, or could be read to mean, a model that is not allowed. What only reads uses none.
pub(super) async fn allowed(guest: &Guest, parts: &Parts, body: &mut Body, path: &str) -> Result<(), Failure> {
    let in_body = body.sole_model(&parts.headers).await?;
    let (below, query) = path.split_once('?').unwrap_or((path, ""));
    let in_query: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name.eq_ignore_ascii_case("model"))
        .map(|(_, model)| model.into_owned())
        .collect();
    let place = place(&parts.method, below, parts.headers.contains_key(UPGRADE));
    let in_path = match &place {
        Place::Path(model) => Some(model),
        Place::Body | Place::Session | Place::Nowhere | Place::Unknown => None,
    };
    let named = in_body.sole.iter().chain(&in_body.of_tools);
    for model in named.chain(&in_query).chain(in_path) {
        guest.check_model(Some(model))?;
    }
    let is_bound = match place {
        Place::Body => in_body.sole.is_some(),
        Place::Path(_) => true,
        Place::Session => in_query.len() == 1,
        Place::Nowhere => in_body.is_empty,
        Place::Unknown => false,
    };
    if is_bound && !names_one(&parts.headers) {
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

fn place(method: &Method, below: &str, leaves_http: bool) -> Place {
    let after = |version: &&str| below.strip_prefix(*version).filter(|rest| rest.starts_with('/'));
    let below = VERSIONS.iter().find_map(after).unwrap_or(below);
    let named = || below.strip_prefix("/models/");
    if leaves_http {
        return if below == "/realtime" {
            Place::Session
        } else {
            Place::Unknown
        };
    }
    if *method == Method::POST {
        if IN_BODY.contains(&below) {
            return Place::Body;
        }
        return match named().and_then(|named| named.split_once(':')) {
            Some((model, deed)) if is_plain(model) && IN_PATH.contains(&deed) => Place::Path(model.to_owned()),
            Some(_) | None => Place::Unknown,
        };
    }
    let first = below.split('/').nth(1).unwrap_or_default();
    let only_reads = [Method::GET, Method::HEAD].contains(method) && READ.contains(&first) && !below.contains(':');
    match (only_reads, named()) {
        (true, Some(_)) => model_of(below).map_or(Place::Unknown, Place::Path),
        (true, None) => Place::Nowhere,
        (false, _) => Place::Unknown,
    }
}

/// Whether it is one segment that every server reads as it stands.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !segment.is_empty() && segment.bytes().all(plain)
}

/// Whether a header names a model, as some routers have it: what it means there is not known here.
fn names_one(headers: &HeaderMap) -> bool {
    let names = |name: &str| name.split(['-', '_']).any(|word| IN_HEADERS.contains(&word));
    headers.keys().any(|name| names(name.as_str()))
}

/// What may stand before a path, where the provider's base has no version.
const VERSIONS: [&str; 3] = ["/v1", "/v1beta", "/v1alpha"];

/// The endpoints that take their model from the body, and from nowhere else.
const IN_BODY: [&str; 18] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/responses/compact",
    "/responses/input_tokens",
    "/messages",
    "/messages/count_tokens",
    "/embeddings",
    "/moderations",
    "/rerank",
    "/images/generations",
    "/images/edits",
    "/images/variations",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/videos",
    "/videos/generations",
];

/// What is done with the model of `/models/MODEL:DEED`; a batch of requests can name others within.
const IN_PATH: [&str; 5] = [
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "embedContent",
    "predict",
];

/// Where reading uses no model.
const READ: [&str; 8] = [
    "models",
    "responses",
    "chat",
    "messages",
    "files",
    "batches",
    "videos",
    "conversations",
];

/// Words that say a model is named by a header.
const IN_HEADERS: [&str; 4] = ["model", "models", "deployment", "engine"];
