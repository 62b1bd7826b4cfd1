//! How long something was waited for, where most of it is there already: then no clock is read.
//!
//! Public for the gateway, and hidden from the docs: no part of the contract, and free to change.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

/// What comes of the work, and how long it was waited for: not at all, if it was done in its first turn.
pub async fn waited<F: Future>(mut work: Pin<&mut F>) -> (F::Output, Duration) {
    let first = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx)));
    if let Poll::Ready(done) = first.await {
        return (done, Duration::ZERO);
    }
    let began = Instant::now();
    let done = work.await;
    (done, began.elapsed())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_is_not_there_is_waited_for() {
        assert_eq!(waited(pin!(async { 1 })).await, (1, Duration::ZERO));
        let slow = pin!(async {
            sleep(Duration::from_secs(5)).await;
            2
        });
        assert_eq!(waited(slow).await, (2, Duration::from_secs(5)));
    }
}
