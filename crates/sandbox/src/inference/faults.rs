//! What an inference request gets when a scenario strikes.

use std::sync::Arc;

use axum::body::Body;
use http::Response;
use serde_json::{Value, json};

use super::access;
use crate::reply::{self, Answer};
use crate::scenario::{ENTITLEMENT, ENTITLEMENT_RESOURCES, Fault, GENERAL, Hit, Wording};
use crate::world::World;

/// The broken answer, or nothing if the request goes on (after a wait, or to its stream).
pub(super) async fn broken(world: &Arc<World>, hit: &Hit, streaming: bool) -> Option<Answer> {
    let given = &hit.parameters;
    if let Some(wording) = hit.fault.wording() {
        return Some(Ok(access::refused(world, wording, streaming)));
    }
    Some(Ok(match hit.fault {
        Fault::Slow => {
            reply::pause(given.number("delay_ms", 1000)).await;
            return None;
        }
        Fault::Hang => return Some(reply::hang(given).await),
        Fault::FreshTokenRefused => {
            let wording = given.given("wording").and_then(Wording::from_name);
            access::refused(world, wording.unwrap_or(Wording::Wke), streaming)
        }
        Fault::Entitlement => denied(GENERAL, ENTITLEMENT),
        Fault::EntitlementResources => denied(GENERAL, ENTITLEMENT_RESOURCES),
        Fault::SpendingLimit => denied("personal-team-blocked:spending-limit", SPENDING),
        Fault::Bare403 | Fault::Bare403Once => {
            reply::plain(403, "text/plain; charset=utf-8", "Forbidden")
        }
        Fault::RateLimit => reply::retry_after(
            error(
                429,
                "rate_limit_exceeded",
                "Rate limit reached for requests",
            ),
            given.number("retry_after_secs", 1),
        ),
        Fault::UsageLimit => {
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
        Fault::Overloaded => {
            let status = u16::try_from(given.number("status", 529)).unwrap_or(529);
            let response = reply::json(
                status,
                &json!({
                    "type": "error",
                    "error": {"type": "overloaded_error", "message": "Overloaded"},
                }),
            );
            match given.number("retry_after_secs", 0) {
                0 => response,
                secs => reply::retry_after(response, secs),
            }
        }
        Fault::ServerError => {
            let status = u16::try_from(given.number("status", 500)).unwrap_or(500);
            error(
                status,
                "server_error",
                "The server had an error while processing your request",
            )
        }
        Fault::EdgeHtml => {
            reply::bot_check(u16::try_from(given.number("status", 403)).unwrap_or(403))
        }
        // Faults of other stages are never handed out here.
        _ => return None,
    }))
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
