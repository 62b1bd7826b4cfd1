//! One request from its first byte to its answer: read, logged, routed, answered.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, UPGRADE};
use http::request::Parts;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use sha2::{Digest as _, Sha256};

use crate::journal::{Captured, Seen};
use crate::received::Received;
use crate::reply::{self, Answer};
use crate::scenario::{DoorFault, Hit, Probe};
use crate::script::Cut;
use crate::tap::Tap;
use crate::truth::{fingerprint, hex};
use crate::world::World;
use crate::{authorization, inference, panel};

/// Answers one request.
pub(crate) async fn serve(world: Arc<World>, tap: Tap, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let upgrade = parts.headers.contains_key(UPGRADE);
    let body = if upgrade {
        Bytes::new()
    } else {
        match Limited::new(body, MOST_BODY_BYTES).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return Ok(reply::plain(413, "text/plain", "Payload Too Large"));
            }
            Err(_) => return Err(Cut),
        }
    };
    let wire = tap.take();
    let mut received = Received {
        sequence: 0,
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        body,
    };
    if received.path == "/_sandbox" || received.path.starts_with("/_sandbox/") {
        return Ok(panel::answer(&world, &received));
    }
    world.counters().requests += 1;
    received.sequence = world.journal().open(line(&world, &received));
    if received.path == "/oauth2/token" {
        capture(&world, &parts, &received, wire);
    }
    let mut open = Open {
        world: Arc::clone(&world),
        sequence: received.sequence,
        status: 0,
    };
    let answer = route(&world, &received, upgrade.then_some(parts)).await;
    if let Ok(response) = &answer {
        open.status = response.status().as_u16();
    }
    answer
}

async fn route(world: &Arc<World>, received: &Received, upgrade: Option<Parts>) -> Answer {
    let probe = Probe {
        path: &received.path,
        bearer: received.bearer(),
        ..Probe::default()
    };
    let hit: Option<Hit<DoorFault>> = world.strike(&probe, received.sequence);
    if let Some(hit) = hit {
        match hit.fault {
            DoorFault::Respond => return Ok(reply::as_ordered(&hit.parameters).await),
        }
    }
    match (received.path.as_str(), upgrade) {
        ("/v1/realtime", Some(parts)) => inference::upgrade(world, received, parts).await,
        ("/trap", _) => {
            world.counters().redirects_followed += 1;
            Ok(reply::page(200, "<html><body>You followed the redirect</body></html>"))
        }
        (path, _) if path.starts_with("/v1/") => inference::answer(world, received).await,
        _ => authorization::answer(world, received).await,
    }
}

/// A log line that is closed however its request ends: answered, cut, or left by the client.
struct Open {
    world: Arc<World>,
    sequence: u64,
    status: u16,
}

impl Drop for Open {
    fn drop(&mut self) {
        let status = self.status;
        self.world
            .journal()
            .amend(self.sequence, |seen| seen.status = Some(status));
    }
}

fn line(world: &World, received: &Received) -> Seen {
    let form = received.form();
    let names = if received.is_form() {
        form.names()
    } else {
        received.query_fields().names()
    };
    let content_type = received.header(CONTENT_TYPE.as_str());
    let bearer = received.bearer();
    Seen {
        sequence: 0,
        at_ms: world.clock.now_ms(),
        method: received.method.to_string(),
        path: received.path.clone(),
        status: None,
        content_type: (!content_type.is_empty()).then(|| content_type.to_owned()),
        fields: names,
        grant_type: form.given("grant_type").map(str::to_owned),
        refresh_fingerprint: form.given("refresh_token").map(fingerprint),
        bearer_fingerprint: (!bearer.is_empty()).then(|| fingerprint(bearer)),
        body_sha256: hex(&Sha256::digest(&received.body)),
        scenario: None,
    }
}

fn capture(world: &World, parts: &Parts, received: &Received, wire: Vec<u8>) {
    let end = wire
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|start| start + 4);
    let captured = match end {
        Some(end) if parts.version <= Version::HTTP_11 => Captured {
            sequence: received.sequence,
            body: wire[end..].to_vec(),
            head: wire[..end].to_vec(),
        },
        _ => Captured {
            sequence: received.sequence,
            head: rebuilt(parts),
            body: received.body.to_vec(),
        },
    };
    world.journal().capture(captured);
}

/// The head of a request that did not come as text.
fn rebuilt(parts: &Parts) -> Vec<u8> {
    let mut head = format!("{} {} {:?}\r\n", parts.method, parts.uri, parts.version).into_bytes();
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// More than any gateway should forward; beyond it the answer is 413.
const MOST_BODY_BYTES: usize = 128 * 1024 * 1024;
