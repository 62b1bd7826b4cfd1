//! Reads an answer that somebody captured as the client would have read it: a stream event by event.

use evergrant_engine::provider::Row;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, EventMeaning, Evidence, Heard, Reading, classify};
use http::HeaderMap;

use super::events::Events;
use super::reading::follow_event;

/// What a captured answer means, and the evidence of it: of a stream, the event that decides.
pub(crate) fn read_captured<'h>(
    row: Option<&Row>,
    channel: Channel,
    status: u16,
    headers: &'h HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> (Reading, Evidence<'h>) {
    let whole = Evidence::read(status, headers, body);
    if whole.is_told_by_events(channel) {
        let (mut events, mut heard) = (Events::default(), Heard::default());
        let mut raw = events.feed(body);
        raw.extend(events.rest());
        for event in &raw {
            if let EventMeaning::Error(reading) = follow_event(&mut heard, row, event, now) {
                let evidence = Evidence::read(status, headers, event);
                // The same words, but for what the headers say of the time to come back.
                let thorough = classify(row, channel, &evidence, now);
                let same = thorough.verdict == reading.verdict;
                return (if same { thorough } else { reading }, evidence);
            }
        }
        if let Some(reading) = heard.reading() {
            return (reading, whole);
        }
    }
    (classify(row, channel, &whole, now), whole)
}
