//! The clock by which an answer's points in time are read: its own `Date`, read when the first of them is met.

use std::cell::OnceCell;

use http::HeaderMap;

use crate::time::Timestamp;
use crate::wire::dated;

/// The clock of one answer.
pub(super) struct Clock<'h> {
    headers: &'h HeaderMap,
    ours: Timestamp,
    read: OnceCell<Timestamp>,
}

impl<'h> Clock<'h> {
    /// The one of the answer with these headers; ours if they have no date.
    pub(super) const fn of(headers: &'h HeaderMap, ours: Timestamp) -> Self {
        Self {
            headers,
            ours,
            read: OnceCell::new(),
        }
    }

    /// What it shows.
    pub(super) fn now(&self) -> Timestamp {
        *self.read.get_or_init(|| dated(self.headers).unwrap_or(self.ours))
    }
}
