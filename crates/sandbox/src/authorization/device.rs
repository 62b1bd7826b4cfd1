//! Device authorization: its endpoint and the page where a person decides (RFC 8628).

use axum::body::Body;
use http::Response;
use serde_json::json;

use super::client::authenticate;
use super::pages;
use crate::received::Received;
use crate::reply;
use crate::truth::{Consent, DeviceDecision};
use crate::world::World;

/// Starts a device login.
pub(super) fn start(world: &World, received: &Received) -> Response<Body> {
    world.counters().device_starts += 1;
    let (form, client_id) = match authenticate(world, received) {
        Ok(found) => found,
        Err(refused) => return *refused,
    };
    let config = world.config();
    let consent = Consent {
        client_id,
        subject: form.given("login_hint").unwrap_or(&config.subject).to_owned(),
        scope: form.text("scope").to_owned(),
        nonce: None,
    };
    let expires_at_ms = world.clock.now_ms() + config.device_lifetime_secs * 1000;
    let started = {
        let mut books = world.books();
        let books = &mut *books;
        let started = books.devices.start(
            &mut books.mint,
            consent,
            expires_at_ms,
            config.device_interval_secs * 1000,
        );
        if config.automatic_device_approval {
            books.devices.decide(&started.user_code, DeviceDecision::Approved(None));
        }
        started
    };
    let page = format!("{}/device", world.origin);
    reply::no_store(reply::json(
        200,
        &json!({
            "device_code": started.device_code,
            "user_code": started.user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={}", started.user_code),
            "expires_in": config.device_lifetime_secs,
            "interval": config.device_interval_secs,
        }),
    ))
}

/// The page that asks for the user code.
pub(super) fn page(world: &World, received: &Received) -> Response<Body> {
    world.counters().consent_pages += 1;
    let fields = received.query_fields();
    reply::no_store(reply::page(200, &pages::device(fields.text("user_code"))))
}

/// The button pressed on that page.
pub(super) fn decide(world: &World, received: &Received) -> Response<Body> {
    let form = received.form();
    let approve = form.text("decision") == "approve";
    let decision = if approve {
        DeviceDecision::Approved(None)
    } else {
        DeviceDecision::Denied
    };
    let found = world.books().devices.decide(form.text("user_code"), decision);
    let (status, title, text) = match (found, approve) {
        (false, _) => (400, "Unknown code", "The code you entered is incorrect. Try again"),
        (true, true) => (200, "Connected", "You can close this page"),
        (true, false) => (200, "Denied", "The sign-in request was interrupted"),
    };
    reply::no_store(reply::page(status, &pages::message(title, text)))
}
