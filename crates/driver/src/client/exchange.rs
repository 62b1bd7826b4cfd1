//! One try: the request goes out under a lease, and what comes back is judged and held.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::pool::Lease;
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::attempt::Input;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{BODY_LIMIT, Glance, Heard, Reading, glance};
use http::Response;
use http::response::Parts;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::events::Events;
use super::gate::{GateEnd, gate};
use super::reading::read_answer;
use super::rest::Rest;
use crate::http::{Broken, ResponseBody};

/// An answer that waits for the decision what to do with it.
pub(super) struct Held {
    pub(super) head: Parts,
    pub(super) pieces: Vec<Bytes>,
    pub(super) rest: Rest,
    /// If it is a stream, where it was when it was let go.
    pub(super) stream: Option<Stream>,
    /// What it means, as far as that could be told before it was let go and it is no plain acceptance.
    pub(super) reading: Option<Reading>,
    /// Whether the provider has accepted the request, as far as its beginning tells.
    pub(super) is_accepted: bool,
    pub(super) lease: Lease,
    pub(super) row: Arc<Row>,
}

/// Where a stream is.
pub(super) struct Stream {
    /// What follows its last whole event.
    pub(super) events: Events,
    /// What has been heard of it.
    pub(super) heard: Heard,
    /// An error that came too late to be repaired.
    pub(super) late: Option<Reading>,
}

/// Judges an answer, having read no more of it than that needs.
pub(super) async fn judge(
    answer: Response<ResponseBody>,
    lease: Lease,
    row: Arc<Row>,
    now: impl Fn() -> Timestamp,
) -> (Input, Held) {
    let (head, body) = answer.into_parts();
    let status = head.status.as_u16();
    let held = |head, pieces, rest, stream: Option<Stream>, reading: Option<&Reading>| Held {
        head,
        pieces,
        rest,
        is_accepted: stream.is_some() || reading.is_some_and(Reading::is_acceptance),
        stream,
        reading: reading.filter(|reading| !reading.is_acceptance()).cloned(),
        lease: lease.clone(),
        row: Arc::clone(&row),
    };
    match glance(&row, status, &head.headers) {
        Glance::Judged(reading) => {
            let held = held(head, Vec::new(), Rest::Coming(body), None, Some(&reading));
            (answered(&lease, reading), held)
        }
        Glance::Body => {
            // Boxed, as are the events of a stream: a whole answer that is good needs no room for either.
            let (pieces, rest) = Box::pin(beginning(body)).await;
            let reading = read_answer(&row, status, &head.headers, &pieces, now());
            let held = held(head, pieces, rest, None, Some(&reading));
            (answered(&lease, reading), held)
        }
        Glance::Events(reading) => {
            let gated = Box::pin(gate(body, &row, now())).await;
            let input = match gated.end {
                GateEnd::Open => answered(&lease, reading),
                GateEnd::Failed(reading) => broke(&lease, Some(reading)),
                GateEnd::Empty => broke(&lease, None),
            };
            let stream = Stream {
                events: gated.events,
                heard: gated.heard,
                late: gated.late,
            };
            (input, held(head, gated.held, gated.rest, Some(stream), None))
        }
    }
}

/// What the machine is told of a try that got no answer.
pub(super) const fn unanswered(lease: Lease, broken: &Broken) -> Input {
    Input::Failed {
        lease,
        phase: broken.phase,
        timed_out: broken.timed_out,
    }
}

fn answered(lease: &Lease, reading: Reading) -> Input {
    Input::Answered {
        lease: lease.clone(),
        reading,
    }
}

fn broke(lease: &Lease, reading: Option<Reading>) -> Input {
    Input::StreamBroke {
        lease: lease.clone(),
        reading,
        released: false,
    }
}

/// As much of a body as the classifier reads, and what comes after it.
async fn beginning(mut body: ResponseBody) -> (Vec<Bytes>, Rest) {
    let (mut pieces, mut length) = (Vec::new(), 0);
    let reading = timeout(WORDS_TAKE_AT_MOST, async {
        while length < BODY_LIMIT {
            match body.frame().await {
                Some(Ok(frame)) => {
                    let Ok(piece) = frame.into_data() else { continue };
                    length += piece.len();
                    pieces.push(piece);
                }
                Some(Err(error)) => return Some(Rest::Broken(error.to_string())),
                None => return Some(Rest::Whole),
            }
        }
        None
    });
    let rest = reading.await.unwrap_or(None);
    (pieces, rest.unwrap_or(Rest::Coming(body)))
}

/// 10 s: a provider that refuses has its words at hand; whoever trickles them is judged by what has come.
const WORDS_TAKE_AT_MOST: Duration = Duration::from_secs(10);
