//! What was asked, in order: one line a request, and the raw bytes of token requests.

use std::collections::VecDeque;

use serde::Serialize;

/// One request as the sandbox saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Counts the requests from 1.
    pub sequence: u64,
    /// Milliseconds since the epoch by the sandbox's clock.
    pub at_ms: u64,
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The status answered; absent while it is open, and 0 where it ended without one.
    pub status: Option<u16>,
    /// The raw content type.
    pub content_type: Option<String>,
    /// The names of the form or query fields, in the order sent.
    pub fields: Vec<String>,
    /// `grant_type` of a token request.
    pub grant_type: Option<String>,
    /// Fingerprint (8 hex of SHA-256) of the refresh token of a token request.
    pub refresh_fingerprint: Option<String>,
    /// Fingerprint (8 hex of SHA-256) of the bearer token or key.
    pub bearer_fingerprint: Option<String>,
    /// SHA-256 of the body, in hex.
    pub body_sha256: String,
    /// The scenario that struck, if one did.
    pub scenario: Option<String>,
}

/// The bytes of one token request as they came over the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The sequence of the request in the log.
    pub sequence: u64,
    /// Request line and headers, up to and with the empty line; rebuilt for HTTP/2.
    pub head: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
}

/// The log and the captures, both bounded.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    sequence: u64,
    seen: VecDeque<Seen>,
    captured: VecDeque<Captured>,
    authorize: VecDeque<String>,
}

impl Journal {
    /// Opens a line; its sequence is what [`Self::amend`] takes.
    pub(crate) fn open(&mut self, mut seen: Seen) -> u64 {
        self.sequence += 1;
        seen.sequence = self.sequence;
        keep(&mut self.seen, seen, MOST_LINES);
        self.sequence
    }

    /// Changes a line that is still kept.
    pub(crate) fn amend(&mut self, sequence: u64, change: impl FnOnce(&mut Seen)) {
        let newest_first = self.seen.iter_mut().rev();
        if let Some(seen) = newest_first.take_while(|seen| seen.sequence >= sequence).last()
            && seen.sequence == sequence
        {
            change(seen);
        }
    }

    /// Keeps the bytes of a token request.
    pub(crate) fn capture(&mut self, captured: Captured) {
        keep(&mut self.captured, captured, MOST_CAPTURES);
    }

    /// Keeps the query of an authorize request.
    pub(crate) fn authorize(&mut self, query: &str) {
        keep(&mut self.authorize, query.to_owned(), MOST_CAPTURES);
    }

    /// The lines kept, oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.iter().cloned().collect()
    }

    /// The captures kept, oldest first.
    pub(crate) fn captured(&self) -> Vec<Captured> {
        self.captured.iter().cloned().collect()
    }

    /// The authorize queries kept, oldest first.
    pub(crate) fn authorize_queries(&self) -> Vec<String> {
        self.authorize.iter().cloned().collect()
    }

    /// Forgets all lines and captures; the sequence goes on.
    pub(crate) fn clear(&mut self) {
        self.seen.clear();
        self.captured.clear();
        self.authorize.clear();
    }
}

fn keep<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// Enough for the largest storm of the tests.
const MOST_LINES: usize = 20_000;
/// The last hundred requests show any login or refresh whole.
const MOST_CAPTURES: usize = 100;
