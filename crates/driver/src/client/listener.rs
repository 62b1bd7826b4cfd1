//! Listens to a stream that the client is reading: what breaks there cannot be repaired, but the right one is blamed.

use std::sync::Arc;

use bytes::Bytes;
use evergrant_engine::pool::Lease;
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::attempt::{Attempt, Input};
use evergrant_engine::verdict::{EventMeaning, Heard, Reading, listens_for_more};

use super::events::Events;
use super::exchange::Stream;
use super::last_words::LastWords;
use super::reading::{hear_event, read_event};
use super::turns::{Run, Turns};
use crate::glimpse::Glimpse;

/// One stream under one lease.
pub(super) struct Listener {
    turns: Arc<Turns>,
    run: Run,
    machine: Attempt,
    lease: Lease,
    row: Arc<Row>,
    events: Events,
    heard: Heard,
    /// The last events, for the question whether the stream has said that it has ended.
    last: LastWords,
    reads_all: bool,
}

impl Listener {
    /// Listens from here on; to nothing, where the stream has failed already.
    pub(super) fn new(
        turns: Arc<Turns>,
        run: Run,
        machine: Attempt,
        lease: Lease,
        row: Arc<Row>,
        stream: Stream,
    ) -> Option<Box<Self>> {
        let mut listener = Self {
            turns,
            run,
            machine,
            lease,
            reads_all: listens_for_more(&row),
            row,
            events: stream.events,
            heard: stream.heard,
            last: LastWords::default(),
        };
        if stream.late.is_some() {
            listener.broke(stream.late);
            return None;
        }
        Some(Box::new(listener))
    }

    /// Listens to a piece; answers whether there is nothing more to listen for.
    pub(super) fn heard(&mut self, piece: &Bytes, glimpse: Glimpse) -> bool {
        if glimpse.is_whole && !glimpse.hints_at_an_error && !self.reads_all && self.events.is_between() {
            self.last.remember_all(piece);
            return false;
        }
        let mut events = std::mem::take(&mut self.events);
        let mut has_failed = false;
        events.cut(piece, |raw| {
            if has_failed {
                return;
            }
            has_failed = self.tells_of_failure(&raw);
            self.last.remember(&raw);
        });
        self.events = events;
        has_failed
    }

    fn tells_of_failure(&mut self, raw: &[u8]) -> bool {
        if !self.reads_all && !hints_at_an_error(raw) {
            return false;
        }
        let now = self.turns.now().wall;
        match read_event(Some(&self.row), raw, now) {
            EventMeaning::Error(reading) => {
                self.broke(Some(reading));
                true
            }
            EventMeaning::Content | EventMeaning::Last | EventMeaning::NotYet => false,
        }
    }

    /// The stream was cut.
    pub(super) fn cut(mut self) {
        self.broke(None);
    }

    /// The stream is over; answers whether it had said that it would be. If it has not, it was cut.
    pub(super) fn ended(mut self) -> bool {
        if let Some(rest) = self.events.rest() {
            self.last.remember(&rest);
        }
        // The last one says it mostly.
        for raw in self.last.iter().rev() {
            hear_event(&mut self.heard, raw);
            if self.heard.has_ended() {
                return true;
            }
        }
        let cut = self.heard.is_unfinished();
        if cut {
            self.broke(None);
        }
        !cut
    }

    fn broke(&mut self, reading: Option<Reading>) {
        let input = Input::StreamBroke {
            lease: self.lease.clone(),
            reading,
            released: true,
        };
        self.turns.go_on(&mut self.run, self.machine.clone(), input);
    }
}

/// A cheap look before the thorough one.
fn hints_at_an_error(raw: &[u8]) -> bool {
    Glimpse::of(raw).hints_at_an_error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_wherever_it_stands() {
        for word in ["error", "failed", "response.incomplete"] {
            for (before, after) in (0..80).flat_map(|before| [(before, 0), (before, 3), (before, 100)]) {
                let text = ["x".repeat(before), word.to_owned(), "y".repeat(after)].concat();
                assert!(hints_at_an_error(text.as_bytes()), "{text}");
                assert!(!hints_at_an_error(text.replace(word, &word[1..]).as_bytes()), "{text}");
            }
        }
        assert!(!hints_at_an_error(b""));
    }
}
