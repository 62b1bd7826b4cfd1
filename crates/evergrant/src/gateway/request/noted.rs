//! What is noted of a request while it is led, for numbers and log.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::Code;
use evergrant_driver::client::Trail;
use evergrant_driver::client_key::KeyName;
use evergrant_driver::measures::Counter;
use http::Response;

use super::traced::Traced;
use crate::gateway::access::Entry;
use crate::gateway::measures::Measures;

/// What is noted of a request.
#[derive(Debug)]
pub(super) struct Noted {
    /// Where everything is counted.
    pub(super) measures: Arc<Measures>,
    /// The way it took.
    pub(super) trail: Trail,
    /// Whether its answer is an event stream.
    pub(super) is_stream: bool,
    /// Its line of the access log, if there is one.
    pub(super) entry: Option<Box<Entry>>,
    /// Its trace, if there is one.
    pub(super) traced: Traced,
}

impl Noted {
    /// Nothing yet.
    pub(super) fn new(measures: &Arc<Measures>, entry: Option<Box<Entry>>, traced: Traced) -> Self {
        Self {
            measures: Arc::clone(measures),
            trail: Trail::default(),
            is_stream: false,
            entry,
            traced,
        }
    }

    /// Whose key was shown, if one was.
    pub(super) fn is_asked_by(&mut self, key: Option<&KeyName>) {
        self.traced.is_asked_by(key);
        if let Some(entry) = &mut self.entry {
            entry.is_asked_by(key);
        }
    }

    /// The model that it asks for.
    pub(super) fn asks_for(&mut self, model: &str) {
        self.traced.asks_for(model);
        if let Some(entry) = &mut self.entry {
            entry.asks_for(model);
        }
    }

    /// The gateway answers it with a failure of its own.
    pub(super) fn failed(&mut self, trail: Trail, code: Code) {
        self.trail = trail;
        self.traced.failed(code.as_str());
        if let Some(entry) = &mut self.entry {
            entry.failed(code.as_str());
        }
    }

    /// Its line of the log, as far as the head of its answer tells, and what the gateway added to its time.
    pub(super) fn into_entry<B>(self, answer: &Response<B>, own: Option<Duration>) -> Option<Box<Entry>> {
        let mut entry = self.entry?;
        entry.answered(answer.status(), answer.headers(), self.trail, own);
        Some(entry)
    }

    /// What counts the bytes of its body for the log.
    pub(super) fn received(&self) -> Option<Arc<Counter>> {
        self.entry.as_ref().map(|entry| entry.received())
    }
}
