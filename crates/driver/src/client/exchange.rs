//! One try: the request goes out under a lease, and what comes back is judged and held.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::pool::Lease;
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::attempt::Input;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{BODY_LIMIT, Glance, Heard, Reading, glance};
use evergrant_engine::wire::Phase;
use http::Response;
use http::response::Parts;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::events::Events;
use super::gate::{GateEnd, gate};
use super::reading::read_answer;
use super::rest::Rest;
use crate::http::{Broken, ResponseBody};
use crate::waited::waited;

/// An answer that waits for the decision what to do with it. It is large and stays where it is, so that what few answers have lies
/// apart.
pub(super) struct Held {
    pub(super) head: Parts,
    pub(super) pieces: Vec<Bytes>,
    pub(super) rest: Rest,
    /// If it is a stream, where it was when it was let go.
    pub(super) stream: Option<Box<Stream>>,
    /// What it means, as far as that could be told before it was let go and it is no plain acceptance.
    pub(super) reading: Option<Box<Reading>>,
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

impl Held {
    /// An answer whose head is here and not judged yet.
    pub(super) fn of(answer: Response<ResponseBody>, lease: Lease, row: Arc<Row>) -> Self {
        let (head, body) = answer.into_parts();
        Self {
            head,
            pieces: Vec::new(),
            rest: Rest::Coming(body),
            stream: None,
            reading: None,
            is_accepted: false,
            lease,
            row,
        }
    }

    /// Judges it, having read no more of it than that needs; and how long that was waited for.
    pub(super) async fn judge(&mut self, now: impl Fn() -> Timestamp) -> (Input, Duration) {
        match glance(&self.row, self.head.status.as_u16(), &self.head.headers) {
            Glance::Judged(reading) => (self.means(reading), Duration::ZERO),
            // Boxed, as are the events of a stream: a whole answer that is good needs no room for either.
            Glance::Body => waited(Box::pin(self.judge_by_body(now)).as_mut()).await,
            Glance::Events(reading) => waited(Box::pin(self.judge_by_events(reading, now())).as_mut()).await,
        }
    }

    async fn judge_by_body(&mut self, now: impl Fn() -> Timestamp) -> Input {
        if let Rest::Coming(body) = std::mem::replace(&mut self.rest, Rest::Whole) {
            (self.pieces, self.rest) = beginning(body).await;
        }
        let (status, headers) = (self.head.status.as_u16(), &self.head.headers);
        let reading = read_answer(&self.row, status, headers, &self.pieces, now());
        self.means(reading)
    }

    /// Judges a stream that means this once it has proved good.
    async fn judge_by_events(&mut self, good: Reading, now: Timestamp) -> Input {
        self.is_accepted = true;
        let Rest::Coming(body) = std::mem::replace(&mut self.rest, Rest::Whole) else {
            return broke(&self.lease, None);
        };
        let gated = gate(body, &self.row, now).await;
        (self.pieces, self.rest) = (gated.held, gated.rest);
        self.stream = Some(Box::new(Stream {
            events: gated.events,
            heard: gated.heard,
            late: gated.late,
        }));
        match gated.end {
            GateEnd::Open => answered(&self.lease, good),
            GateEnd::Failed(reading) => broke(&self.lease, Some(reading)),
            GateEnd::Empty => broke(&self.lease, None),
        }
    }

    fn means(&mut self, reading: Reading) -> Input {
        self.is_accepted = reading.is_acceptance();
        self.reading = (!self.is_accepted).then(|| Box::new(reading.clone()));
        answered(&self.lease, reading)
    }
}

/// What the machine is told of a try for which there was nothing to send any more.
pub(super) const fn unsent(lease: Lease) -> Input {
    Input::Failed {
        lease,
        phase: Phase::Connect,
        timed_out: false,
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
