//! What an inference request gets when a scenario strikes.

use std::sync::Arc;

use axum::body::Body;
use http::Response;
use serde_json::{Value, json};

use super::access;
use crate::reply::{self, Answer};
use crate::scenario::{AccountFault, ENTITLEMENT, ENTITLEMENT_RESOURCES, EdgeFault, GENERAL, Hit, Wording};
use crate::world::World;

/// What the edge answers, or nothing if the request goes on after a wait.
pub(super) async fn at_edge(world: &Arc<World>, hit: &Hit<EdgeFault>, streaming: bool) -> Option<Answer> {
    let given = &hit.parameters;
    let wording = match hit.fault {
        EdgeFault::StaleWke => Wording::Wke,
        EdgeFault::StaleReasonMessage => Wording::ReasonMessage,
        EdgeFault::StaleCode => Wording::Code,
        EdgeFault::StalePhrase => Wording::Phrase,
        EdgeFault::StaleUpper => Wording::Upper,
        EdgeFault::StaleUnknownReason => Wording::UnknownReason,
        EdgeFault::Stale401 => Wording::Unauthorized,
        EdgeFault::StaleBoth => Wording::Both,
        EdgeFault::StaleStream => Wording::StreamFlat,
        EdgeFault::StaleStreamNested => Wording::StreamNested,
        EdgeFault::Slow => {
            reply::pause(given.number("delay_ms", 1000)).await;
            return None;
        }
        EdgeFault::Hang => return Some(reply::hang(given).await),
        EdgeFault::Overloaded => return Some(Ok(overloaded(hit))),
        EdgeFault::ServerError => {
            let message = "The server had an error while processing your request";
            return Some(Ok(error(given.status(500), "server_error", message)));
        }
        EdgeFault::EdgeHtml => return Some(Ok(reply::bot_check(given.status(403)))),
    };
    Some(Ok(access::refused(world, wording, streaming)))
}

/// What an account whose credential is good is told.
pub(super) fn at_account(world: &Arc<World>, hit: &Hit<AccountFault>, streaming: bool) -> Response<Body> {
    let given = &hit.parameters;
    match hit.fault {
        AccountFault::FreshTokenRefused => {
            let wording = given.given("wording").and_then(Wording::from_name);
            access::refused(world, wording.unwrap_or(Wording::Wke), streaming)
        }
        AccountFault::Entitlement => denied(GENERAL, ENTITLEMENT),
        AccountFault::EntitlementResources => denied(GENERAL, ENTITLEMENT_RESOURCES),
        AccountFault::SpendingLimit => denied("personal-team-blocked:spending-limit", SPENDING),
        AccountFault::Bare403 | AccountFault::Bare403Once => {
            reply::plain(403, "text/plain; charset=utf-8", "Forbidden")
        }
        AccountFault::RateLimit => reply::retry_after(
            error(429, "rate_limit_exceeded", "Rate limit reached for requests"),
            given.number("retry_after_secs", 1),
        ),
        AccountFault::UsageLimit => {
            let resets_in_secs = given.number("resets_in_secs", 3600);
            let resets_at = world.clock.now_ms() / 1000 + resets_in_secs;
            reply::json(
                429,
                &json!({"error": {
                    "type": "usage_limit_reached", "message": "The usage limit has been reached",
                    "plan_type": "plus", "resets_at": resets_at,
                    "resets_in_seconds": resets_in_secs,
                }}),
            )
        }
    }
}

fn overloaded(hit: &Hit<EdgeFault>) -> Response<Body> {
    let error = json!({"type": "overloaded_error", "message": "Overloaded"});
    let response = reply::json(hit.parameters.status(529), &json!({"type": "error", "error": error}));
    match hit.parameters.number("retry_after_secs", 0) {
        0 => response,
        secs => reply::retry_after(response, secs),
    }
}

fn denied(code: &str, error: &str) -> Response<Body> {
    reply::json(403, &json!({"code": code, "error": error}))
}

fn error(status: u16, code: &str, message: &str) -> Response<Body> {
    reply::json(
        status,
        &json!({"error": {"message": message, "type": code, "param": Value::Null, "code": code}}),
    )
}

/// The text that comes with a spending limit.
const SPENDING: &str = "You have run out of credits or need a Grok subscription. Add credits at \
     https://grok.com/?_s=usage or upgrade at https://grok.com/supergrok.";
