//! Listens to a stream that the client is reading: what breaks there cannot be repaired, but the right one is blamed.

use std::sync::Arc;

use evergrant_engine::pool::Lease;
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::attempt::{Attempt, Input};
use evergrant_engine::verdict::{EventMeaning, Reading};

use super::events::Events;
use super::reading::read_event;
use super::turns::{Run, Turns};

/// One stream under one lease.
pub(super) struct Listener {
    pub(super) turns: Arc<Turns>,
    pub(super) run: Run,
    pub(super) machine: Attempt,
    pub(super) lease: Lease,
    pub(super) row: Arc<Row>,
    pub(super) events: Events,
}

impl Listener {
    /// Listens to a piece; answers whether there is nothing more to listen for.
    pub(super) fn heard(&mut self, piece: &[u8]) -> bool {
        for raw in self.events.feed(piece) {
            if !hints_at_an_error(&raw) {
                continue;
            }
            let now = self.turns.now().wall;
            match read_event(&self.row, &raw, now) {
                EventMeaning::Error(reading) => {
                    self.broke(Some(reading));
                    return true;
                }
                EventMeaning::Content | EventMeaning::NotYet => {}
            }
        }
        false
    }

    /// The stream was cut.
    pub(super) fn cut(mut self) {
        self.broke(None);
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

/// A cheap look before the thorough one: every kind of error event has one of these words.
fn hints_at_an_error(raw: &[u8]) -> bool {
    let has = |word: &[u8]| raw.windows(word.len()).any(|window| window == word);
    has(b"error") || has(b"failed")
}
