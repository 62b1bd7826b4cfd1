//! Server-sent events: their bytes, and the answer that carries them.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use crate::reply;
use crate::scenario::{Fault, Hit};
use crate::script::{Script, Step};

/// The events of one answer; some carry content, the others frame it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) bytes: Bytes,
    pub(super) content: bool,
}

/// An event that frames the content.
pub(super) fn frame(bytes: Bytes) -> Event {
    Event {
        bytes,
        content: false,
    }
}

/// An event that carries content.
pub(super) fn content(bytes: Bytes) -> Event {
    Event {
        bytes,
        content: true,
    }
}

/// `data: JSON`, as chat completions stream.
pub(super) fn data(json: &Value) -> Bytes {
    Bytes::from(format!("data: {json}\n\n"))
}

/// `event: NAME` and `data: JSON`, as responses and messages stream.
pub(super) fn named(name: &str, json: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {json}\n\n"))
}

/// The answer that carries a script as an event stream.
pub(super) fn stream(script: Script) -> Response<Body> {
    let mut response = reply::plain(200, "text/event-stream; charset=utf-8", Bytes::new());
    reply::set(&mut response, CACHE_CONTROL, "no-cache");
    *response.body_mut() = Body::new(script);
    response
}

/// The script of some events, broken as a scenario says.
pub(super) fn script(events: Vec<Event>, gap_ms: u64, hit: Option<&Hit>) -> Script {
    let mut steps = Vec::with_capacity(events.len() * 2);
    let (mut sent, mut contents) = (0, 0);
    let mut pending_error = hit.and_then(|hit| failure(hit).map(|error| (error, error_after(hit))));
    let cut_after = hit.and_then(cut_after);
    if let Some(hit) = hit
        && hit.fault == Fault::StreamEmpty
    {
        return Script::new([]);
    }
    for event in events {
        if cut_after.is_some_and(|most| sent >= most) {
            steps.push(Step::Cut);
            return Script::new(steps);
        }
        // The error comes in place of the content event that would be one too many.
        if event.content
            && let Some((error, _)) = pending_error.take_if(|(_, after)| contents >= *after)
        {
            steps.push(Step::Send(error));
            return Script::new(steps);
        }
        if gap_ms > 0 && sent > 0 {
            steps.push(Step::Wait(Duration::from_millis(gap_ms)));
        }
        contents += u64::from(event.content);
        sent += 1;
        steps.push(Step::Send(event.bytes));
    }
    if let Some((error, _)) = pending_error {
        steps.push(Step::Send(error));
    }
    if cut_after.is_some() {
        steps.push(Step::Cut);
    }
    Script::new(steps)
}

fn failure(hit: &Hit) -> Option<Bytes> {
    let wanted = matches!(hit.fault, Fault::StreamErrorFirst | Fault::StreamErrorLate);
    if !wanted {
        return None;
    }
    let text = hit.parameters.text("text", NO_SUBSCRIPTION);
    let mut fields = json!({"message": text});
    if let Some(code) = hit.parameters.given("code") {
        fields["code"] = json!(code);
    }
    let error = if hit.parameters.text("shape", "flat") == "nested" {
        json!({"type": "error", "error": fields})
    } else {
        fields["type"] = json!("error");
        fields
    };
    Some(named("error", &error))
}

fn error_after(hit: &Hit) -> u64 {
    match hit.fault {
        Fault::StreamErrorLate => hit.parameters.number("events", 2),
        _ => 0,
    }
}

fn cut_after(hit: &Hit) -> Option<u64> {
    (hit.fault == Fault::StreamCut).then(|| hit.parameters.number("events", 3))
}

/// The text that an error event inside a 200 was seen with.
const NO_SUBSCRIPTION: &str =
    "You do not have an active Grok subscription. Manage at https://grok.com";
