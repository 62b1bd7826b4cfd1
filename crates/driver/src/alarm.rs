//! A time limit that is set anew for each request, at next to no cost.
//!
//! Public for the gateway, and hidden from the docs: no part of the contract, and free to change.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer of the runtime for one limit after the other. It stays where the runtime keeps it when a limit is met, and goes
/// on to the next one only when it goes off: a connection asks the runtime once in a while, and not with each request.
#[derive(Debug, Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether it is that late; wakes whoever asks then.
    pub fn poll(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            // It was set for a limit that was met.
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    async fn rings(alarm: &mut Alarm, after_secs: u64) -> u64 {
        let began = Instant::now();
        let at = began + Duration::from_secs(after_secs);
        poll_fn(|cx| alarm.poll(cx, at)).await;
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_off_at_each_time_it_is_set_to() {
        let mut alarm = Alarm::default();
        assert_eq!(rings(&mut alarm, 5).await, 5);
        assert_eq!(rings(&mut alarm, 3).await, 3);
        // Limits that are met leave it set; what comes later is not early, and what comes sooner not late.
        for secs in [60, 10, 30] {
            let at = Instant::now() + Duration::from_secs(secs);
            let asked = poll_fn(|cx| Poll::Ready(alarm.poll(cx, at))).await;
            assert!(asked.is_pending());
        }
        assert_eq!(rings(&mut alarm, 40).await, 40);
        assert_eq!(rings(&mut alarm, 0).await, 0);
    }
}
