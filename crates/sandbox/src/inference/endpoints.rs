//! Which path of the inference API is which, and the checks that come before each.

use std::sync::Arc;

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::prompt::Prompt;
use super::{chat, events, gate, messages, responses};
use crate::counters::Counters;
use crate::received::Received;
use crate::reply::{self, Answer};
use crate::scenario::{Hit, StreamFault};
use crate::truth::hex;
use crate::world::World;

/// The answer of the inference API, counted.
pub(crate) async fn answer(world: &Arc<World>, received: &Received) -> Answer {
    {
        let mut counters = world.counters();
        counters.inference_requests += 1;
        Counters::count(&mut counters.inference_by_path, &received.path);
    }
    let mut answer = checked(world, received).await;
    let accepted = matches!(&answer, Ok(response) if response.status().is_success());
    {
        let mut counters = world.counters();
        counters.inference_accepted += u64::from(accepted);
        counters.inference_refused += u64::from(!accepted);
    }
    if let Ok(response) = &mut answer {
        describe(received, response);
    }
    answer
}

async fn checked(world: &Arc<World>, received: &Received) -> Answer {
    let streaming = wants_stream(received);
    let passed = match gate::pass(world, received, streaming).await {
        Ok(passed) => passed,
        Err(answer) => return *answer,
    };
    let hit = if streaming {
        world.strike(&passed.probe(received), received.sequence)
    } else {
        None
    };
    Ok(route(world, received, hit.as_ref()))
}

fn route(world: &Arc<World>, received: &Received, hit: Option<&Hit<StreamFault>>) -> Response<Body> {
    let path = received.path.strip_prefix("/v1").unwrap_or_default();
    match (&received.method, path) {
        (&Method::GET, "/models") => models(world),
        (&Method::GET, path) if path.starts_with("/models/") => model(world, path.trim_start_matches("/models/")),
        (&Method::POST, "/echo") => {
            let content_type = received.header(CONTENT_TYPE.as_str());
            reply::plain(200, content_type, received.body.clone())
        }
        (&Method::POST, "/chat/completions" | "/responses" | "/messages" | "/embeddings") => {
            generate(world, received, path, hit)
        }
        (_, "/models" | "/echo" | "/chat/completions" | "/responses" | "/messages" | "/embeddings") => {
            error(405, "method_not_allowed", "Method Not Allowed")
        }
        _ => error(
            404,
            "unknown_url",
            &format!("Unknown request URL: {} {}", received.method, received.path),
        ),
    }
}

fn generate(world: &Arc<World>, received: &Received, path: &str, hit: Option<&Hit<StreamFault>>) -> Response<Body> {
    let prompt = match Prompt::read(received) {
        Ok(prompt) => prompt,
        Err(message) => return error(400, "invalid_request_error", &message),
    };
    let config = world.config();
    if !config.models.contains(&prompt.model) {
        return unknown_model(path, &prompt.model);
    }
    let told = prompt.told(path);
    let streams = prompt.stream && path != "/embeddings";
    if let Some(told) = told.filter(|_| !streams) {
        world.counters().tell(path, &told);
    }
    let id = world.books().mint.id("resp");
    let created = world.clock.now_ms() / 1000;
    let pieces = config.chunks;
    let events = match (path, prompt.stream) {
        ("/chat/completions", true) => chat::stream(&prompt, &id, created, pieces),
        ("/responses", true) => responses::stream(&prompt, &id, created, pieces),
        ("/messages", true) => messages::stream(&prompt, &id, pieces),
        ("/chat/completions", false) => {
            return reply::json(200, &chat::whole(&prompt, &id, created));
        }
        ("/responses", false) => {
            return reply::json(200, &responses::whole(&prompt, &id, created));
        }
        ("/messages", false) => return reply::json(200, &messages::whole(&prompt, &id)),
        _ => {
            let body = serde_json::from_slice(&received.body).unwrap_or(Value::Null);
            return reply::json(200, &chat::embeddings(&body, &prompt));
        }
    };
    let mut script = events::script(events, config.gap_ms, hit).counted(Arc::clone(world));
    if let Some(told) = told.filter(|_| hit.is_none()) {
        script = script.telling(path, told);
    }
    events::stream(script)
}

fn models(world: &World) -> Response<Body> {
    let data: Vec<Value> = world.config().models.iter().map(|id| described(id)).collect();
    reply::json(200, &json!({"object": "list", "data": data}))
}

fn model(world: &World, id: &str) -> Response<Body> {
    if world.config().models.iter().any(|known| known == id) {
        reply::json(200, &described(id))
    } else {
        unknown_model("/models", id)
    }
}

fn described(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_770_000_000, "owned_by": "sandbox"})
}

fn unknown_model(path: &str, model: &str) -> Response<Body> {
    if path == "/messages" {
        let error = json!({"type": "not_found_error", "message": format!("model: {model}")});
        return reply::json(404, &json!({"type": "error", "error": error}));
    }
    error(
        404,
        "model_not_found",
        &format!("The model `{model}` does not exist or your team does not have access to it"),
    )
}

fn error(status: u16, code: &str, message: &str) -> Response<Body> {
    reply::json(
        status,
        &json!({"error": {
            "message": message, "type": "invalid_request_error", "param": null, "code": code,
        }}),
    )
}

/// Whether the body asks for events; read loosely, since faults come before validation.
fn wants_stream(received: &Received) -> bool {
    serde_json::from_slice::<Value>(&received.body).is_ok_and(|body| body["stream"].as_bool().unwrap_or(false))
}

/// A request id, and the digest of the body that came if it was asked for.
fn describe(received: &Received, response: &mut Response<Body>) {
    let id = format!("req-{:08}", received.sequence);
    reply::set(response, HeaderName::from_static("x-request-id"), &id);
    if received.headers.contains_key(WANT_DIGEST) {
        let digest = hex(&Sha256::digest(&received.body));
        reply::set(response, HeaderName::from_static(BODY_DIGEST), &digest);
    }
}

/// A request with this header is told the digest of its body as it arrived.
const WANT_DIGEST: &str = "x-sandbox-want-digest";
/// The header that tells it, as SHA-256 in hex.
const BODY_DIGEST: &str = "x-sandbox-body-sha256";
