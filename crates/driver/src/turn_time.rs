//! What time it is to a turn of a task: of what is done together, the clock is asked once. That takes 22 ns; a request asked for
//! each of its limits, counts and choices, nineteen times.
//!
//! Public for the gateway, and hidden from the docs: no part of the contract, and free to change.

use std::cell::Cell;

use tokio::time::Instant;

use crate::hush::Turn;

/// What a clock showed in a turn, which is good until its end.
pub(crate) struct OfTurn<T>(Cell<Option<(Turn, T)>>);

thread_local! {
    static INSTANT: OfTurn<Instant> = const { OfTurn::new() };
}

impl<T: Copy> OfTurn<T> {
    /// No turn has looked yet.
    pub(crate) const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// What was seen in this turn, or is seen now; where there are no turns, each look is its own.
    pub(crate) fn seen(&self, look: impl FnOnce() -> T) -> T {
        let known = self.0.get().filter(|(turn, _)| Turn::now() == Some(*turn));
        known.map_or_else(|| self.look(look), |(_, seen)| seen)
    }

    /// What is seen now, whatever was seen before.
    fn look(&self, look: impl FnOnce() -> T) -> T {
        let seen = look();
        self.0.set(Turn::now().map(|turn| (turn, seen)));
        seen
    }
}

/// Now, exactly: for what is measured.
pub fn exact() -> Instant {
    INSTANT.with(|instant| instant.look(Instant::now))
}

/// When this turn last asked; for limits of seconds, and for what happens along with what was just measured.
pub fn recent() -> Instant {
    INSTANT.with(|instant| instant.seen(Instant::now))
}

#[cfg(test)]
mod tests {
    use std::future::{Future as _, poll_fn};
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;
    use crate::hush::Hush;

    #[tokio::test(start_paused = true)]
    async fn a_turn_looks_once_and_the_next_one_anew() {
        let (began, hush) = (Instant::now(), Hush::default());
        let look = poll_fn(|cx| {
            let first = recent();
            // The clock goes on at once, and only then it waits.
            let _ = pin!(advance(Duration::from_secs(1))).poll(cx);
            Poll::Ready([first, recent(), exact(), recent()].map(|seen| (seen - began).as_secs()))
        });
        assert_eq!(hush.around(look).await, [0, 0, 1, 1]);
        let look = Box::pin(async {
            let first = recent();
            advance(Duration::from_secs(2)).await;
            (first, recent())
        });
        let (first, second) = hush.around(look).await;
        assert_eq!(((first - began).as_secs(), (second - began).as_secs()), (1, 3));
    }

    #[test]
    fn what_is_exact_is_read_again_and_remembered() {
        let (seen, hush) = (OfTurn::new(), Hush::default());
        let mut around = hush.around(poll_fn(|_| {
            let told = (seen.seen(|| 1), seen.look(|| 2), seen.seen(|| 3));
            Poll::Ready(told)
        }));
        let mut poll =
            || std::pin::Pin::new(&mut around).poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert_eq!(poll(), Poll::Ready((1, 2, 2)));
        assert_eq!((seen.seen(|| 4), seen.seen(|| 5)), (4, 5));
    }
}
