//! The same switches and gauges over HTTP, below `/_sandbox/`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Config;
use crate::control::Control;
use crate::panel_index;
use crate::received::Received;
use crate::reply;
use crate::scenario::{Order, Wording, scenarios};
use crate::world::World;

/// Answers a request to the panel.
pub(crate) fn answer(world: &Arc<World>, received: &Received) -> Response<Body> {
    let control = Control::new(Arc::clone(world));
    let path = received.path.trim_start_matches("/_sandbox").trim_start_matches('/');
    let outcome = match (&received.method, path) {
        (&Method::GET | &Method::HEAD, "") => return panel_index::page(&world.origin),
        (&Method::GET, "index.json") => Ok(panel_index::document(&world.origin)),
        (&Method::GET, "counters") => shown(&control.counters()),
        (&Method::GET, "log") => shown(&control.log()),
        (&Method::GET, "state") => shown(&control.state()),
        (&Method::GET, "scenarios") => shown(&scenarios()),
        (&Method::GET, "scenario") => shown(&control.armed()),
        (&Method::GET, "config") => shown(&control.config()),
        (&Method::GET, "devices") => shown(&control.waiting_devices()),
        (&Method::GET, "token-requests") => Ok(captured(&control)),
        (&Method::GET, "authorize-queries") => shown(&control.authorize_queries()),
        (&Method::DELETE, "scenario") => {
            control.disarm_all();
            Ok(json!({"removed": "all"}))
        }
        (&Method::DELETE, path) if path.starts_with("scenario/") => {
            Ok(json!({"removed": control.disarm(path.trim_start_matches("scenario/"))}))
        }
        (&Method::POST, path) => body(received).and_then(|body| command(&control, path, &body)),
        _ => {
            return reply::json(
                404,
                &json!({"error": "no such switch or gauge: GET /_sandbox lists them"}),
            );
        }
    };
    match outcome {
        Ok(document) => reply::json(200, &document),
        Err(reason) => reply::json(400, &json!({"error": reason})),
    }
}

fn command(control: &Control, path: &str, body: &Value) -> Result<Value, String> {
    match path {
        "scenario" => {
            let order: Order = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
            control.arm(order).map_err(|error| error.to_string())?;
            shown(&control.armed())
        }
        "expire" => {
            let wording = match body["wording"].as_str() {
                None => control.config().wording,
                Some(name) => Wording::from_name(name).ok_or_else(|| format!("unknown wording: `{name}`"))?,
            };
            Ok(json!({"expired": control.expire(wording)}))
        }
        "advance" => {
            let secs = body["secs"].as_u64().ok_or("`secs` is missing")?;
            control.advance(Duration::from_secs(secs));
            Ok(json!({"advanced_secs": secs}))
        }
        "revoke" => Ok(json!({"revoked": control.revoke_logins(body["subject"].as_str())})),
        "reset" => {
            control.reset();
            if body["grants"].as_bool().unwrap_or(false) {
                control.forget_grants();
            }
            Ok(json!({"reset": true}))
        }
        "device" => {
            let user_code = body["user_code"].as_str().ok_or("`user_code` is missing")?;
            let decided = if body["approve"].as_bool().unwrap_or(true) {
                control.approve_device(user_code)
            } else {
                control.deny_device(user_code)
            };
            decided.map_err(|error| error.to_string())?;
            Ok(json!({"decided": user_code}))
        }
        "config" => configure(control, body),
        other => Err(format!("no such switch: `{other}`; GET /_sandbox lists them")),
    }
}

/// Changes the fields that are given.
fn configure(control: &Control, changes: &Value) -> Result<Value, String> {
    let mut document = shown(&control.config())?;
    let fields = changes.as_object().ok_or("an object is wanted")?;
    if let Value::Object(document) = &mut document {
        document.extend(fields.clone());
    }
    let config: Config = serde_json::from_value(document).map_err(|error| error.to_string())?;
    control.reconfigure(|current| *current = config);
    shown(&control.config())
}

fn captured(control: &Control) -> Value {
    control
        .token_requests()
        .iter()
        .map(|request| {
            json!({
                "sequence": request.sequence,
                "head": String::from_utf8_lossy(&request.head),
                "body": String::from_utf8_lossy(&request.body),
            })
        })
        .collect()
}

fn body(received: &Received) -> Result<Value, String> {
    if received.body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&received.body).map_err(|error| format!("not JSON: {error}"))
}

fn shown(document: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(document).map_err(|error| error.to_string())
}
