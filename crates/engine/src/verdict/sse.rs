//! Events of a stream: which is an error, which bears content, and which says nothing yet.

use http::HeaderMap;

use super::classify::{by_the_user, classify, is_of_streams};
use super::evidence::Evidence;
use super::frame::{FrameKind, kind_of};
use super::reading::Reading;
use crate::provider::Row;
use crate::time::Timestamp;
use crate::vocabulary::{Channel, Verdict};

/// What an event of a stream is to whoever holds the stream back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventMeaning {
    /// The provider failed after it had said 200; the same words mean the same as in a plain answer.
    Error(Reading),
    /// The model has begun to answer: from here on the stream belongs to the client.
    Content,
    /// The stream has come to the end that its API gives it.
    Last,
    /// Neither: an opening, a ping, a chunk with nothing but a role.
    NotYet,
}

/// Judges one event of chat completions, Responses, messages or Google's own streams, or of xAI's `type=error`, flat or
/// nested. A signal of the user's for streams makes an error of what no API is known to call one.
pub fn judge_event(row: Option<&Row>, event_name: Option<&str>, data: &[u8], now: Timestamp) -> EventMeaning {
    judge_frame(kind_of(event_name, data), row, event_name, data, now)
}

/// The same of one whose kind is known.
pub(super) fn judge_frame(
    kind: FrameKind,
    row: Option<&Row>,
    event_name: Option<&str>,
    data: &[u8],
    now: Timestamp,
) -> EventMeaning {
    if kind == FrameKind::Error {
        return EventMeaning::Error(failed(row, event_name, data, now));
    }
    if let Some(row) = row
        && listens_for_more(row)
        && let Some(reading) = in_evidence(event_name, data, |evidence| by_the_user(row, evidence, now))
    {
        return EventMeaning::Error(reading);
    }
    match kind {
        FrameKind::Content | FrameKind::Foreign => EventMeaning::Content,
        FrameKind::Last => EventMeaning::Last,
        FrameKind::Quiet => EventMeaning::NotYet,
        FrameKind::Untyped => hidden(row, event_name, data, now).map_or(EventMeaning::Content, EventMeaning::Error),
        FrameKind::Incomplete => filtered(row, event_name, data, now).map_or(EventMeaning::Last, EventMeaning::Error),
        FrameKind::Error => EventMeaning::Error(failed(row, event_name, data, now)),
    }
}

/// Whether the user has a signal for events of a stream, so that every one of them must be read.
pub fn listens_for_more(row: &Row) -> bool {
    row.signals.iter().any(|signal| is_of_streams(signal))
}

fn failed(row: Option<&Row>, event_name: Option<&str>, data: &[u8], now: Timestamp) -> Reading {
    in_evidence(event_name, data, |evidence| {
        let mut reading = classify(row, Channel::Stream, evidence, now);
        if reading.verdict == Verdict::Success {
            reading.verdict = Verdict::ServerError;
        }
        reading
    })
}

/// An error that does not call itself one: nothing but the keys in which errors are told, and words that a table knows.
fn hidden(row: Option<&Row>, event_name: Option<&str>, data: &[u8], now: Timestamp) -> Option<Reading> {
    in_evidence(event_name, data, |evidence| {
        let marks = evidence.found.marks;
        if !marks.object || marks.content || marks.other {
            return None;
        }
        let reading = classify(row, Channel::Stream, evidence, now);
        (reading.verdict != Verdict::Success && (marks.error || reading.is_placed())).then_some(reading)
    })
}

/// An answer that a filter has cut short; one that became too long is an answer.
fn filtered(row: Option<&Row>, event_name: Option<&str>, data: &[u8], now: Timestamp) -> Option<Reading> {
    let reading = in_evidence(event_name, data, |evidence| {
        classify(row, Channel::Stream, evidence, now)
    });
    (reading.verdict == Verdict::ContentBlocked).then_some(reading)
}

/// Reads the event as evidence; its name is evidence as well.
fn in_evidence<T>(event_name: Option<&str>, data: &[u8], read: impl FnOnce(&Evidence<'_>) -> T) -> T {
    let (headers, data) = (HeaderMap::new(), data.trim_ascii());
    let Some(name) = event_name.filter(|_| !data.contains(&b'\n')) else {
        return read(&Evidence::read(200, &headers, data));
    };
    let mut text = Vec::with_capacity(name.len() + data.len() + 16);
    for part in [b"event: ".as_slice(), name.as_bytes(), b"\ndata: ", data, b"\n\n"] {
        text.extend_from_slice(part);
    }
    read(&Evidence::read(200, &headers, &text))
}
