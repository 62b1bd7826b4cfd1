//! Asks the classifier: the only place of the client that does.

use bytes::{Bytes, BytesMut};
use evergrant_engine::provider::Row;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, EventMeaning, Evidence, Heard, Reading, classify, judge_event};
use http::HeaderMap;

use super::events::Event;

/// What an answer means whose body begins with these pieces.
pub(super) fn read_answer(row: &Row, status: u16, headers: &HeaderMap, pieces: &[Bytes], now: Timestamp) -> Reading {
    let evidence = match pieces {
        [] => Evidence::read(status, headers, &[]),
        [only] => Evidence::read(status, headers, only),
        several => {
            let mut whole = BytesMut::new();
            for piece in several {
                whole.extend_from_slice(piece);
            }
            Evidence::read(status, headers, &whole)
        }
    };
    classify(Some(row), Channel::Inference, &evidence, now)
}

/// Takes up what a raw event of a stream says of the stream's course.
pub(super) fn hear_event(heard: &mut Heard, raw: &[u8]) {
    let event = Event::read(raw);
    heard.hear(event.name.as_deref(), &event.data);
}

/// Takes up what a raw event of a stream says of the stream's course, and what it means.
pub(super) fn follow_event(heard: &mut Heard, row: Option<&Row>, raw: &[u8], now: Timestamp) -> EventMeaning {
    let event = Event::read(raw);
    heard.judge(row, event.name.as_deref(), &event.data, now)
}

/// What a raw event of a stream means.
pub(crate) fn read_event(row: Option<&Row>, raw: &[u8], now: Timestamp) -> EventMeaning {
    let event = Event::read(raw);
    judge_event(row, event.name.as_deref(), &event.data, now)
}
