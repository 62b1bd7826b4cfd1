//! Who may use the inference API: a good grant or a known API key.

use std::sync::Arc;

use axum::body::Body;
use http::Response;
use http::header::WWW_AUTHENTICATE;
use serde_json::json;

use super::events;
use crate::received::Received;
use crate::reply;
use crate::scenario::{Probe, Refused, Wording};
use crate::script::{Script, Step};
use crate::truth::Access;
use crate::world::World;

/// A caller that was let in.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) subject: String,
    pub(super) credential: &'static str,
    pub(super) first_use: bool,
    pub(super) age_ms: u64,
}

/// Whether the token looks like an API key rather than an access token.
pub(super) fn is_key(world: &World, received: &Received) -> bool {
    let bearer = received.bearer();
    received.headers.contains_key("x-api-key")
        || bearer.starts_with("sk-")
        || world.config().api_keys.iter().any(|key| key == bearer)
}

/// What is known of a request before its credential is checked.
pub(super) fn probe<'a>(world: &World, received: &'a Received) -> Probe<'a> {
    Probe {
        path: &received.path,
        bearer: received.bearer(),
        credential: if is_key(world, received) { "api-key" } else { "grant" },
        ..Probe::default()
    }
}

/// Checks the credential against the sandbox's own truth.
pub(super) fn admit(world: &Arc<World>, received: &Received, streaming: bool) -> Result<Admitted, Box<Response<Body>>> {
    let bearer = received.bearer();
    if bearer.is_empty() {
        return Err(Box::new(no_credential(world)));
    }
    if is_key(world, received) {
        if world.config().api_keys.iter().any(|key| key == bearer) {
            return Ok(Admitted {
                subject: String::new(),
                credential: "api-key",
                first_use: false,
                age_ms: 0,
            });
        }
        return Err(Box::new(reply::json(
            401,
            &json!({"error": {
                "message": "Incorrect API key provided. You can find your API key in the sandbox's \
                            configuration.",
                "type": "invalid_request_error", "param": null, "code": "invalid_api_key",
            }}),
        )));
    }
    let now_ms = world.clock.now_ms();
    match world.books().access(bearer, now_ms, true) {
        Access::Good {
            subject,
            first_use,
            age_ms,
        } => Ok(Admitted {
            subject,
            credential: "grant",
            first_use,
            age_ms,
        }),
        Access::Over | Access::Unknown => Err(Box::new(refused(world, world.wording(), streaming))),
    }
}

/// A token refused in one of the known wordings.
pub(super) fn refused(world: &Arc<World>, wording: Wording, streaming: bool) -> Response<Body> {
    match wording.refuse(streaming) {
        Refused::Plain(status, body) => {
            let mut response = reply::json(status, &body);
            if status == 401 {
                let challenge = "Bearer realm=\"sandbox\", error=\"invalid_token\", \
                                 error_description=\"The access token expired\"";
                reply::set(&mut response, WWW_AUTHENTICATE, challenge);
            }
            response
        }
        Refused::Event(error) => {
            let script = Script::new([Step::Send(events::named("error", &error))]);
            events::stream(script.counted(Arc::clone(world)))
        }
    }
}

/// No credential at all: a challenge without an error code (RFC 6750 section 3.1).
fn no_credential(world: &World) -> Response<Body> {
    let mut response = reply::json(
        401,
        &json!({"error": {
            "message": "You didn't provide an API key or an access token",
            "type": "invalid_request_error", "param": null, "code": null,
        }}),
    );
    let challenge = format!("Bearer realm=\"{}\"", world.origin);
    reply::set(&mut response, WWW_AUTHENTICATE, &challenge);
    response
}
