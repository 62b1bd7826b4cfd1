//! Holds a request to the models that its client key allows, wherever a request can name one.

use evergrant_driver::client::Body;
use evergrant_driver::{Failure, Guest};
use http::Method;
use http::header::UPGRADE;
use http::request::Parts;
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
    let in_path = model_of(below);
    let named = in_body.iter().chain(&in_query).chain(&in_path);
    for model in named.clone() {
        guest.check_model(Some(model))?;
    }
    let leaves_http = parts.headers.contains_key(UPGRADE);
    // What is said after an upgrade is not read; only a session of one model is bound to what its address names.
    let is_bound = in_query.len() == 1 && below == "/realtime";
    let names_one = named.count() > 0;
    let only_reads = [Method::GET, Method::HEAD].contains(&parts.method);
    match (leaves_http, names_one) {
        (true, _) if is_bound => Ok(()),
        (false, true) => Ok(()),
        (false, false) if only_reads => Ok(()),
        (true | false, _) => guest.check_model(None),
    }
}
