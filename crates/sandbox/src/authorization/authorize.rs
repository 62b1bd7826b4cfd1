//! The authorization endpoint and the consent that it asks for (RFC 6749 section 4.1, RFC 7636).

use axum::body::Body;
use http::{Method, Response};
use url::{Host, Url};

use super::pages;
use crate::received::{Fields, Received};
use crate::reply;
use crate::truth::Consent;
use crate::world::World;

/// An authorize request: a redirect with a code, a consent page, or an error.
pub(super) fn request(world: &World, received: &Received) -> Response<Body> {
    world.counters().authorize += 1;
    let query = if received.method == Method::POST {
        String::from_utf8_lossy(&received.body).into_owned()
    } else {
        received.query.clone()
    };
    world.journal().authorize(&query);
    let fields = Fields::parse(query.as_bytes());
    let redirect_uri = match checked_redirect(world, &fields) {
        Ok(redirect_uri) => redirect_uri,
        Err(page) => return *page,
    };
    if let Err((error, description)) = check(&fields) {
        return send_back(
            world,
            &redirect_uri,
            &fields,
            &[("error", error), ("error_description", description)],
        );
    }
    if world.config().automatic_consent {
        return approve(world, &redirect_uri, &fields);
    }
    world.counters().consent_pages += 1;
    reply::no_store(reply::page(
        200,
        &pages::consent(fields.text("client_id"), fields.text("scope"), &query),
    ))
}

/// The button pressed on the consent page.
pub(super) fn decide(world: &World, received: &Received) -> Response<Body> {
    let form = received.form();
    let fields = Fields::parse(form.text("query").as_bytes());
    let redirect_uri = match checked_redirect(world, &fields) {
        Ok(redirect_uri) => redirect_uri,
        Err(page) => return *page,
    };
    if form.text("decision") == "approve" {
        return approve(world, &redirect_uri, &fields);
    }
    send_back(
        world,
        &redirect_uri,
        &fields,
        &[
            ("error", "access_denied"),
            ("error_description", "End-User aborted interaction"),
        ],
    )
}

fn approve(world: &World, redirect_uri: &Url, fields: &Fields) -> Response<Body> {
    let config = world.config();
    let consent = Consent {
        client_id: fields.text("client_id").to_owned(),
        subject: fields.given("login_hint").unwrap_or(&config.subject).to_owned(),
        scope: fields.text("scope").to_owned(),
        nonce: fields.given("nonce").map(str::to_owned),
    };
    let expires_at_ms = world.clock.now_ms() + config.code_lifetime_secs * 1000;
    let code = world.books().issue_code(
        consent,
        fields.text("redirect_uri"),
        fields.text("code_challenge"),
        expires_at_ms,
    );
    if config.show_code {
        let url = location(world, redirect_uri, fields, &[("code", &code)]);
        return reply::no_store(reply::page(200, &pages::code(&code, url.as_str())));
    }
    send_back(world, redirect_uri, fields, &[("code", &code)])
}

fn send_back(world: &World, redirect_uri: &Url, fields: &Fields, answer: &[(&str, &str)]) -> Response<Body> {
    let url = location(world, redirect_uri, fields, answer);
    reply::no_store(reply::redirect(303, url.as_str()))
}

/// The redirect URI with the answer, the state as it came, and the issuer (RFC 9207).
fn location(world: &World, redirect_uri: &Url, fields: &Fields, answer: &[(&str, &str)]) -> Url {
    let mut url = redirect_uri.clone();
    {
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(answer);
        if let Some(state) = fields.given("state") {
            pairs.append_pair("state", state);
        }
        pairs.append_pair("iss", &world.origin);
    }
    url
}

/// Client and redirect URI; their errors are shown, never sent anywhere (RFC 6749 section 4.1.2.1).
fn checked_redirect(world: &World, fields: &Fields) -> Result<Url, Box<Response<Body>>> {
    let shown =
        |error: &str, description: &str| Box::new(reply::no_store(reply::page(400, &pages::error(error, description))));
    let Some(client_id) = fields.given("client_id") else {
        return Err(shown("invalid_request", "missing required parameter 'client_id'"));
    };
    if !world.config().client_ids.iter().any(|known| known == client_id) {
        return Err(shown("invalid_client", "client is invalid"));
    }
    let Some(redirect_uri) = fields.given("redirect_uri") else {
        return Err(shown("invalid_request", "missing required parameter 'redirect_uri'"));
    };
    match Url::parse(redirect_uri) {
        Ok(url) if is_loopback(&url) && url.fragment().is_none() => Ok(url),
        _ => Err(shown(
            "invalid_redirect_uri",
            "redirect_uri did not match any of the client's registered redirect_uris",
        )),
    }
}

/// Native clients are sent back to themselves, whatever the port (RFC 8252 section 7.3).
fn is_loopback(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    here && url.scheme() == "http"
}

fn check(fields: &Fields) -> Result<(), (&'static str, &'static str)> {
    if fields.repeated().is_some() {
        return Err(("invalid_request", "a parameter was provided twice"));
    }
    match fields.given("response_type") {
        None => {
            return Err(("invalid_request", "missing required parameter 'response_type'"));
        }
        Some("code") => {}
        Some(_) => {
            return Err(("unsupported_response_type", "unsupported response_type requested"));
        }
    }
    let Some(challenge) = fields.given("code_challenge") else {
        return Err((
            "invalid_request",
            "Authorization Server policy requires PKCE to be used for this request",
        ));
    };
    if fields.text("code_challenge_method") != "S256" {
        return Err(("invalid_request", "not supported value of code_challenge_method"));
    }
    let well_formed = challenge.len() == CHALLENGE_LENGTH
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if well_formed {
        Ok(())
    } else {
        Err(("invalid_request", "code_challenge must be the base64url of a SHA-256"))
    }
}

/// 32 bytes in base64url without padding (RFC 7636 section 4.2).
const CHALLENGE_LENGTH: usize = 43;
