//! Who asks: public clients, named in the form or by HTTP Basic (RFC 6749 section 2.3).

use axum::body::Body;
use http::Response;
use http::header::WWW_AUTHENTICATE;

use crate::received::{Fields, Received};
use crate::reply;
use crate::world::World;

/// The form of a request and the client it names, checked in the order of `oidc-provider`.
pub(super) fn authenticate(world: &World, received: &Received) -> Result<(Fields, String), Box<Response<Body>>> {
    if !received.is_form() {
        return Err(Box::new(reply::oauth_error(
            400,
            "invalid_request",
            &format!(
                "only application/x-www-form-urlencoded content-type bodies are supported on {} {}",
                received.method, received.path
            ),
        )));
    }
    let form = received.form();
    if let Some(name) = form.repeated() {
        return Err(Box::new(reply::oauth_error(
            400,
            "invalid_request",
            &format!("'{name}' parameter must not be provided twice"),
        )));
    }
    let basic = received.basic_client();
    let client_id = match (form.given("client_id"), &basic) {
        (Some(named), Some(basic)) if named != basic => {
            return Err(Box::new(reply::oauth_error(
                400,
                "invalid_request",
                "client_id mismatch",
            )));
        }
        (Some(named), _) => named.to_owned(),
        (None, Some(basic)) => basic.clone(),
        (None, None) => {
            return Err(Box::new(reply::oauth_error(
                400,
                "invalid_request",
                "no client authentication mechanism provided",
            )));
        }
    };
    // These clients are public: a secret in either place is another method than theirs.
    let known = world.config().client_ids.contains(&client_id);
    if known && basic.is_none() && form.given("client_secret").is_none() {
        return Ok((form, client_id));
    }
    let mut response = reply::oauth_error(401, "invalid_client", "client authentication failed");
    if received.headers.contains_key(http::header::AUTHORIZATION) {
        let challenge = format!(
            "Basic realm=\"{}\", error=\"invalid_client\", \
             error_description=\"client authentication failed\"",
            world.origin
        );
        reply::set(&mut response, WWW_AUTHENTICATE, &challenge);
    }
    Err(Box::new(response))
}

/// The error for required fields that are missing.
pub(super) fn missing(fields: &Fields, names: &[&str]) -> Option<Response<Body>> {
    let absent: Vec<String> = names
        .iter()
        .filter(|name| fields.given(name).is_none())
        .map(|name| format!("'{name}'"))
        .collect();
    if absent.is_empty() {
        return None;
    }
    let plural = if absent.len() > 1 { "s" } else { "" };
    Some(reply::oauth_error(
        400,
        "invalid_request",
        &format!("missing required parameter{plural} {}", absent.join(", ")),
    ))
}
