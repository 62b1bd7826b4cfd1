//! One request from its first byte to its answer's last, as far as numbers go.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::client::Trail;
use evergrant_driver::measures::Raised;
use evergrant_driver::turn_time::{exact, recent};
use http::StatusCode;
use tokio::time::Instant;

use super::counts::{Measures, OfProvider};
use super::operation::Operation;

/// A request that runs.
#[derive(Debug)]
pub(in crate::gateway) struct Running {
    measures: Arc<Measures>,
    /// Whether anybody wants to know.
    counts: bool,
    operation: Operation,
    status: StatusCode,
    provider: Option<Arc<OfProvider>>,
    began: Instant,
    first_byte: Option<Duration>,
    sent: u64,
    /// Sent and not yet added to everyone's.
    unadded: u64,
    stream: Option<Raised>,
}

/// What it came to.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::gateway) struct Ending {
    /// Bytes of the answer's body.
    pub(in crate::gateway) sent: u64,
    /// To the last byte.
    pub(in crate::gateway) total: Duration,
    /// To the first byte of the body; `None` if there was none.
    pub(in crate::gateway) first_byte: Option<Duration>,
}

impl Running {
    /// A request has come.
    pub(in crate::gateway) fn begin(measures: &Arc<Measures>, operation: Operation, counts: bool) -> Self {
        if counts {
            measures.in_flight.enter();
        }
        Self {
            counts,
            operation,
            status: StatusCode::OK,
            provider: None,
            began: exact(),
            first_byte: None,
            sent: 0,
            unadded: 0,
            stream: None,
            measures: Arc::clone(measures),
        }
    }

    /// Its answer's head is there; tells what the gateway added to it until then, if it reached a provider.
    pub(in crate::gateway) fn answered(
        &mut self,
        status: StatusCode,
        trail: &Trail,
        is_stream: bool,
    ) -> Option<Duration> {
        if !self.counts {
            return None;
        }
        let now = exact();
        self.status = status;
        self.stream = is_stream.then(|| self.measures.streams.raise());
        let provider = trail.provider.as_ref()?;
        self.provider = Some(self.measures.providers.of(provider));
        let elsewhere = trail.spent.body + trail.spent.upstream + trail.spent.recovery;
        let own = (trail.attempts > 0).then(|| (now - self.began).saturating_sub(elsewhere));
        if let Some(own) = own {
            self.measures.own_latency.observe(own);
        }
        own
    }

    /// A piece of the answer's body goes out.
    pub(in crate::gateway) fn sends(&mut self, length: usize) {
        if self.counts && self.first_byte.is_none() {
            self.first_byte = Some(recent() - self.began);
        }
        let length = length as u64;
        self.sent += length;
        if !self.counts {
            return;
        }
        self.unadded += length;
        if self.unadded >= ADD_AFTER {
            self.measures.sent.add(std::mem::take(&mut self.unadded));
        }
    }

    /// How many bytes of the body have gone out.
    pub(in crate::gateway) const fn sent(&self) -> u64 {
        self.sent
    }

    /// It is over.
    pub(in crate::gateway) fn end(self) -> Ending {
        if !self.counts {
            return Ending::default();
        }
        let total = exact() - self.began;
        self.measures.sent.add(self.unadded);
        let of = self.provider.as_deref().unwrap_or(&self.measures.nobody);
        of.ended(self.operation, self.status.as_u16());
        of.duration.observe(total);
        if let Some(first_byte) = self.first_byte {
            of.first_byte.observe(first_byte);
        }
        Ending {
            sent: self.sent,
            total,
            first_byte: self.first_byte,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.counts {
            self.measures.in_flight.leave();
        }
    }
}

/// 64 KiB: a small answer is added once, and of a long stream no more than this is missing.
const ADD_AFTER: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::future::{Future as _, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use evergrant_driver::hush::Hush;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_answered_in_one_turn_takes_its_time_too() {
        let measures = Arc::new(Measures::new());
        let work = poll_fn(|cx| {
            // The clock goes on at once, and only then it waits.
            let mut pass = |millis| {
                let _ = pin!(advance(Duration::from_millis(millis))).poll(cx);
            };
            let mut running = Running::begin(&measures, Operation::of("/metrics"), true);
            pass(5);
            running.answered(StatusCode::OK, &Trail::default(), false);
            running.sends(10);
            pass(2);
            Poll::Ready(running.end())
        });
        let ending = Hush::default().around(work).await;
        let (first_byte, total) = (ending.first_byte.unwrap(), ending.total);
        assert_eq!((first_byte.as_millis(), total.as_millis()), (5, 7));
    }

    #[test]
    fn requests_of_every_path_and_status_make_no_more_series_than_there_are_words() {
        let measures = Arc::new(Measures::new());
        let trail = Trail {
            provider: Some("acme".into()),
            attempts: 1,
            ..Trail::default()
        };
        for number in 0..50_000_u16 {
            let path = format!("/v1/{number}/{}", number % 7);
            let mut running = Running::begin(&measures, Operation::of(&path), true);
            let status = StatusCode::from_u16(100 + number % 900).unwrap();
            running.answered(status, &trail, number % 2 == 0);
            running.sends(10);
            assert_eq!(
                (measures.in_flight.read(), measures.streams.read()),
                (1, u64::from(number % 2 == 0))
            );
            assert_eq!(running.end().sent, 10);
        }
        let known = measures.providers();
        assert_eq!((known.len(), measures.nobody.met().count()), (1, 0));
        assert!(known[0].1.met().count() <= 5 * 11);
        assert_eq!((measures.in_flight.read(), measures.streams.read()), (0, 0));
        assert_eq!(
            (measures.sent.read(), measures.own_latency.read().count()),
            (500_000, 50_000)
        );
    }
}
