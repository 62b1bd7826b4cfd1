//! Server-sent events: their bytes, and the answer that carries them.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use crate::reply;
use crate::scenario::{Hit, StreamFault};
use crate::script::{Script, Step};

/// The events of one answer; some carry content, the others frame it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) bytes: Bytes,
    pub(super) content: bool,
}

/// An event that frames the content.
pub(super) fn frame(bytes: Bytes) -> Event {
    Event { bytes, content: false }
}

/// An event that carries content.
pub(super) fn content(bytes: Bytes) -> Event {
    Event { bytes, content: true }
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
pub(super) fn script(events: Vec<Event>, gap_ms: u64, hit: Option<&Hit<StreamFault>>) -> Script {
    let end = hit.map(End::of);
    let mut steps = Vec::with_capacity(events.len() * 2);
    let (mut sent, mut contents) = (0, 0);
    for event in events {
        let next_content = contents + u64::from(event.content);
        if let Some(end) = &end
            && end.is_before(sent, next_content)
        {
            break;
        }
        if gap_ms > 0 && sent > 0 {
            steps.push(Step::Wait(Duration::from_millis(gap_ms)));
        }
        contents = next_content;
        sent += 1;
        steps.push(Step::Send(event.bytes));
    }
    match end {
        Some(End::Error { error, .. }) => steps.push(Step::Send(error)),
        Some(End::Cut { clean: false, .. }) => steps.push(Step::Cut),
        Some(End::Cut { clean: true, .. } | End::Empty) | None => {}
    }
    Script::new(steps)
}

/// How a broken stream ends.
enum End {
    /// With an error, in place of the content event after so many.
    Error { error: Bytes, contents: u64 },
    /// By a cut after so many events; a clean one is none to whoever looks at the connection alone.
    Cut { events: u64, clean: bool },
    /// Before it began.
    Empty,
}

impl End {
    fn of(hit: &Hit<StreamFault>) -> Self {
        match hit.fault {
            StreamFault::ErrorFirst => Self::Error {
                error: [pings(hit), failure(hit)].concat().into(),
                contents: 0,
            },
            StreamFault::ErrorLate => Self::Error {
                error: failure(hit),
                contents: hit.parameters.number("events", 2),
            },
            StreamFault::Cut => Self::Cut {
                events: hit.parameters.number("events", 3),
                clean: hit.parameters.text("clean", "false") == "true",
            },
            StreamFault::Empty => Self::Empty,
        }
    }

    /// Whether the stream ends before an event that would be the next one.
    fn is_before(&self, sent: u64, contents_with_it: u64) -> bool {
        match self {
            Self::Error { contents, .. } => contents_with_it > *contents,
            Self::Cut { events, .. } => sent >= *events,
            Self::Empty => true,
        }
    }
}

fn failure(hit: &Hit<StreamFault>) -> Bytes {
    let mut fields = json!({"message": hit.parameters.text("text", NO_SUBSCRIPTION)});
    if let Some(code) = hit.parameters.given("code") {
        fields["code"] = json!(code);
    }
    match hit.parameters.text("shape", "flat") {
        "nested" => named("error", &json!({"type": "error", "error": fields})),
        "failed" => {
            let response = json!({"id": "resp_sandbox", "object": "response", "status": "failed", "error": fields});
            named(
                "response.failed",
                &json!({"type": "response.failed", "response": response}),
            )
        }
        "incomplete" => {
            let reason = json!({"reason": hit.parameters.text("code", "content_filter")});
            let response = json!({"id": "resp_sandbox", "status": "incomplete", "error": Value::Null,
                "incomplete_details": reason});
            named(
                "response.incomplete",
                &json!({"type": "response.incomplete", "response": response}),
            )
        }
        "chunk" => data(&json!({"error": fields})),
        "finish" => {
            let choice = json!({"index": 0, "delta": {"content": ""}, "finish_reason": "error"});
            data(&json!({"id": "gen-sandbox", "object": "chat.completion.chunk", "choices": [choice], "error": fields}))
        }
        "array" => data(&json!([{"error": fields}])),
        _ => {
            fields["type"] = json!("error");
            named("error", &fields)
        }
    }
}

/// Signs of life that come before the first word.
fn pings(hit: &Hit<StreamFault>) -> Bytes {
    let one = b": still there\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n";
    let count = usize::try_from(hit.parameters.number("pings", 0)).unwrap_or_default();
    Bytes::from(one.repeat(count))
}

/// The text that an error event inside a 200 was seen with.
const NO_SUBSCRIPTION: &str = "You do not have an active Grok subscription. Manage at https://grok.com";
