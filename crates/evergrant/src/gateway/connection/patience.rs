//! How long a connection's next request may take to come: hyper's timer, kept for as long as the connection is.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use evergrant_driver::alarm::Alarm;
use evergrant_driver::turn_time::recent;
use hyper::rt::{Sleep, Timer};

/// The timer of one connection, which has one limit at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Patience(Arc<Mutex<Alarm>>);

/// One limit; dropped, it was met.
struct Limit {
    patience: Patience,
    at: Instant,
}

impl Timer for Patience {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Limit {
            patience: self.clone(),
            at: deadline,
        })
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        *sleep = self.sleep_until(deadline);
    }

    fn now(&self) -> Instant {
        // The runtime's clock, which tests can stop.
        recent().into_std()
    }
}

impl Future for Limit {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.patience.0.lock().unwrap_or_else(PoisonError::into_inner);
        alarm.poll(cx, self.at.into())
    }
}

impl Sleep for Limit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_limit_is_waited_for_and_the_one_before_it_is_not() {
        let (patience, began) = (Patience::default(), tokio::time::Instant::now());
        let met = patience.sleep(Duration::from_secs(5));
        drop(met);
        patience.sleep(Duration::from_secs(60)).await;
        assert_eq!(began.elapsed().as_secs(), 60);
        let mut moved = patience.sleep(Duration::from_secs(1));
        patience.reset(&mut moved, patience.now() + Duration::from_secs(30));
        moved.await;
        assert_eq!(began.elapsed().as_secs(), 90);
    }
}
