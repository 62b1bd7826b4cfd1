//! Holds a stream back until it has proved good: an error before the first content can still be repaired.

use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::provider::Row;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{EventMeaning, Heard, Reading};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::events::Events;
use super::reading::follow_event;
use super::rest::Rest;
use crate::http::ResponseBody;

/// A stream's beginning, and what became of it.
pub(super) struct Gated {
    /// What has been read.
    pub(super) held: Vec<Bytes>,
    /// What comes after it.
    pub(super) rest: Rest,
    /// What follows the last whole event in `held`.
    pub(super) events: Events,
    /// What has been heard of it.
    pub(super) heard: Heard,
    /// What became of it.
    pub(super) end: GateEnd,
    /// An error that came together with the first content: too late to be repaired.
    pub(super) late: Option<Reading>,
}

/// How the holding back ended.
pub(super) enum GateEnd {
    /// It may go to the client: content has come, or it has been held for long enough.
    Open,
    /// An error event came first.
    Failed(Reading),
    /// It ended or was cut before it said anything.
    Empty,
}

/// Reads until content, error, end or limit.
pub(super) async fn gate(mut body: ResponseBody, row: &Row, now: Timestamp) -> Gated {
    let (mut held, mut events, mut length) = (Vec::new(), Events::default(), 0);
    let (mut heard, mut late) = (Heard::default(), None);
    let judged = timeout(HELD_FOR, async {
        loop {
            let (raw, end) = match body.frame().await {
                Some(Ok(frame)) => {
                    let Ok(piece) = frame.into_data() else { continue };
                    let mut raw = Vec::new();
                    events.cut(&piece, |event| raw.push(event));
                    length += piece.len();
                    held.push(piece);
                    (raw, None)
                }
                Some(Err(error)) => (Vec::new(), Some(Rest::Broken(error.to_string()))),
                None => (events.rest().into_iter().collect(), Some(Rest::Whole)),
            };
            let mut open = false;
            for event in &raw {
                match follow_event(&mut heard, Some(row), event, now) {
                    EventMeaning::Error(reading) if open => late = late.take().or(Some(reading)),
                    EventMeaning::Error(reading) => return (GateEnd::Failed(reading), end),
                    EventMeaning::Content | EventMeaning::Last => open = true,
                    EventMeaning::NotYet => {}
                }
            }
            if open {
                return (GateEnd::Open, end);
            }
            if let Some(end) = end {
                return (GateEnd::Empty, Some(end));
            }
            if length > HELD_LENGTH {
                return (GateEnd::Open, None);
            }
        }
    })
    .await;
    let (end, rest) = judged.unwrap_or((GateEnd::Open, None));
    Gated {
        held,
        rest: rest.unwrap_or(Rest::Coming(body)),
        events,
        heard,
        end,
        late,
    }
}

/// 10 s: who streams wants to see that something happens.
const HELD_FOR: Duration = Duration::from_secs(10);

/// 64 KiB: openings are a few KiB; whatever is longer is content.
const HELD_LENGTH: usize = 64 * 1024;
