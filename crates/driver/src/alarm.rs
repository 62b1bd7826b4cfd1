//! A time limit that is set anew for each request, at next to no cost.
//!
//! Public for the gateway, and hidden from the docs: no part of the contract, and free to change.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// One timer of the runtime for one limit after the other. It stays where the runtime keeps it when a limit is met, and goes
/// on to the next one only when it goes off: a connection asks the runtime once in a while, and not with each request.
#[derive(Debug, Default)]
pub struct Alarm(Option<Set>);

/// A timer that is set, and whom it wakes.
#[derive(Debug)]
struct Set {
    sleep: Pin<Box<Sleep>>,
    wakes: Waker,
}

impl Alarm {
    /// Whether it is that late; wakes whoever asks then.
    pub fn poll(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let Set { sleep, wakes } = match &mut self.0 {
            // It goes off in time, and whoever asks is woken.
            Some(set) if set.stands_until(at) && set.wakes.will_wake(cx.waker()) => return Poll::Pending,
            set => set.get_or_insert_with(|| Set {
                sleep: Box::pin(sleep_until(at)),
                wakes: cx.waker().clone(),
            }),
        };
        wakes.clone_from(cx.waker());
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        // A task that has used up its turn would not be noted as the one to wake.
        while Pin::new(&mut unconstrained(sleep.as_mut())).poll(cx).is_ready() {
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            // It was set for a limit that was met.
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}

impl Set {
    /// Whether it has not gone off yet, and does so at that time at the latest.
    fn stands_until(&self, at: Instant) -> bool {
        !self.sleep.is_elapsed() && self.sleep.deadline() <= at
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
