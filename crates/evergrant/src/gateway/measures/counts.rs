//! What the gateway counts: atomics, and no label that a client could choose.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use evergrant_driver::measures::{Bounds, ByProvider, Counter, Histogram, LATENCIES, Level};
use evergrant_driver::{Code, ProviderId};

use super::operation::Operation;

/// The gateway's own numbers.
#[derive(Debug)]
pub(in crate::gateway) struct Measures {
    /// When they began, in seconds since 1970.
    pub(super) since: Duration,
    /// Requests that reached a provider.
    pub(super) providers: ByProvider<OfProvider>,
    /// Requests that reached none.
    pub(super) nobody: OfProvider,
    /// What the gateway answered itself, by code.
    own_answers: Box<[Counter]>,
    /// What the gateway added to the time of a request that reached a provider.
    pub(super) own_latency: Histogram,
    /// Requests under way, to their answer's last byte.
    pub(in crate::gateway) in_flight: Level,
    /// Event streams under way.
    pub(in crate::gateway) streams: Level,
    /// Upgraded connections.
    pub(in crate::gateway) tunnels: Level,
    /// Connections of clients.
    pub(in crate::gateway) connections: Level,
    /// How many there have been.
    pub(in crate::gateway) accepted: Counter,
    /// Bytes of requests' bodies.
    pub(in crate::gateway) received: Counter,
    /// Bytes of answers' bodies.
    pub(super) sent: Counter,
    /// Clients that took nothing of what was sent to them for too long.
    pub(in crate::gateway) given_up: Arc<Counter>,
    /// Lines of the access log that could not be written.
    pub(in crate::gateway) unlogged: Arc<Counter>,
}

/// What happened to requests of one provider.
#[derive(Debug)]
pub(super) struct OfProvider {
    /// By operation and the hundreds of the status.
    ended: [[Counter; CLASSES.len()]; Operation::ALL.len()],
    /// To the answer's last byte.
    pub(super) duration: Histogram,
    /// To the first byte of the answer's body.
    pub(super) first_byte: Histogram,
}

impl Default for OfProvider {
    fn default() -> Self {
        Self {
            ended: Default::default(),
            duration: Histogram::new(LATENCIES),
            first_byte: Histogram::new(LATENCIES),
        }
    }
}

impl OfProvider {
    /// A request ended with this status.
    pub(super) fn ended(&self, operation: Operation, status: u16) {
        let class = usize::from(status / 100).saturating_sub(1);
        let counter = self
            .ended
            .get(operation as usize)
            .and_then(|classes| classes.get(class));
        if let Some(counter) = counter {
            counter.one();
        }
    }

    /// What has ended, by operation and class; those that were met.
    pub(super) fn met(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        Operation::ALL.iter().zip(&self.ended).flat_map(|(operation, classes)| {
            let counted = CLASSES.iter().zip(classes.iter().map(Counter::read));
            let met = counted.filter(|(_, count)| *count > 0);
            met.map(|(class, count)| (operation.as_str(), *class, count))
        })
    }
}

impl Measures {
    /// Nothing so far.
    pub(in crate::gateway) fn new() -> Self {
        Self {
            // A clock before 1970 is shown as 1970.
            since: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            providers: ByProvider::default(),
            nobody: OfProvider::default(),
            own_answers: Code::ALL.iter().map(|_| Counter::default()).collect(),
            own_latency: Histogram::new(OWN),
            in_flight: Level::default(),
            streams: Level::default(),
            tunnels: Level::default(),
            connections: Level::default(),
            accepted: Counter::default(),
            received: Counter::default(),
            sent: Counter::default(),
            given_up: Arc::default(),
            unlogged: Arc::default(),
        }
    }

    /// The gateway answered with a failure of its own.
    pub(in crate::gateway) fn answered_ourselves(&self, code: Code) {
        if let Some(counter) = self.own_answers.get(code as usize) {
            counter.one();
        }
    }

    /// Its own answers by code; those that were met.
    pub(super) fn own_answers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted = Code::ALL.iter().zip(self.own_answers.iter().map(Counter::read));
        counted
            .filter(|(_, count)| *count > 0)
            .map(|(code, count)| (code.as_str(), count))
    }

    /// Every provider that a request has reached.
    pub(super) fn providers(&self) -> Vec<(ProviderId, Arc<OfProvider>)> {
        self.providers.all()
    }
}

/// The hundreds of a status.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// 10 us to 1 s: what a gateway adds is below the first bounds, unless the machine has too much to do.
const OWN: Bounds = &[
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    1_000_000_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_under_its_operation_and_class() {
        let of = OfProvider::default();
        of.ended(Operation::Messages, 200);
        of.ended(Operation::Messages, 204);
        of.ended(Operation::Own, 503);
        of.ended(Operation::Own, 999);
        let met: Vec<_> = of.met().collect();
        assert_eq!(met, [("messages", "2xx", 2), ("own", "5xx", 1)]);
        assert!((0..).zip(Code::ALL).all(|(at, code)| *code as usize == at));
    }
}
