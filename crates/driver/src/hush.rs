//! Wake-ups that say nothing new: of a task by itself, about what it is just looking at.
//!
//! Who takes a piece out of hyper's channel of a body wakes whoever put it there. Where both are parts of one task, that costs a
//! whole turn of it for each piece, in which nothing is left to do.
//!
//! Public for the gateway, and hidden from the docs: no part of the contract, and free to change.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use atomic_waker::AtomicWaker;

/// Stands between a task and what wakes it.
#[derive(Debug)]
pub struct Hush {
    ear: Arc<Ear>,
    waker: Waker,
}

/// Who is to be woken.
#[derive(Debug, Default)]
struct Ear(AtomicWaker);

/// A wake-up that was not passed on. Whoever holds it knows that there is nothing to do, or tells it.
#[derive(Debug)]
pub struct Unheard(Arc<Ear>);

thread_local! {
    static HUSHED: Cell<bool> = const { Cell::new(false) };
    static KEPT: Cell<Option<Unheard>> = const { Cell::new(None) };
}

impl Default for Hush {
    fn default() -> Self {
        let ear = Arc::<Ear>::default();
        let waker = Waker::from(Arc::clone(&ear));
        Self { ear, waker }
    }
}

impl Hush {
    /// The work, whose wake-ups can be kept from it by [`hushed`].
    pub fn around<F: Future + Unpin>(&self, mut work: F) -> impl Future<Output = F::Output> {
        poll_fn(move |cx| {
            self.ear.0.register(cx.waker());
            Pin::new(&mut work).poll(&mut Context::from_waker(&self.waker))
        })
    }
}

/// Does something, and keeps the wake-up that it brings about in this thread.
pub fn hushed<T>(work: impl FnOnce() -> T) -> (T, Option<Unheard>) {
    /// Ends it, whatever becomes of the work.
    struct Until;
    impl Drop for Until {
        fn drop(&mut self) {
            HUSHED.set(false);
        }
    }
    let until = Until;
    HUSHED.set(true);
    let done = work();
    drop(until);
    (done, KEPT.take())
}

impl Unheard {
    /// Passes it on after all.
    pub fn tell(self) {
        self.0.0.wake();
    }
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        if !HUSHED.replace(false) {
            self.0.wake();
            return;
        }
        // One is kept: whoever else is woken meanwhile is another task.
        KEPT.set(Some(Unheard(self)));
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Arc::clone(self).wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls once what wakes itself in this way, and tells how often the task was woken.
    #[track_caller]
    fn check(work: impl Fn(&Waker) + Unpin, expected: usize) {
        let (woken, hush) = (Arc::<Woken>::default(), Hush::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut around = hush.around(poll_fn(|cx| {
            work(cx.waker());
            Poll::<()>::Pending
        }));
        assert!(
            Pin::new(&mut around)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert_eq!(woken.0.load(Ordering::Relaxed), expected);
    }

    #[test]
    fn only_what_is_hushed_is_kept() {
        check(Waker::wake_by_ref, 1);
        check(|waker| drop(hushed(|| waker.wake_by_ref())), 0);
        check(|waker| hushed(|| waker.wake_by_ref()).1.unwrap().tell(), 1);
        check(|_| assert!(hushed(|| ()).1.is_none()), 0);
        let elsewhere = |waker: &Waker| {
            let waker = waker.clone();
            drop(hushed(|| std::thread::spawn(move || waker.wake()).join().unwrap()));
        };
        check(elsewhere, 1);
    }

    #[test]
    fn another_task_is_woken_all_the_same() {
        let (woken, other) = (Arc::<Woken>::default(), Hush::default());
        other.ear.0.register(&Waker::from(Arc::clone(&woken)));
        let both = |waker: &Waker| {
            drop(hushed(|| {
                waker.wake_by_ref();
                other.waker.wake_by_ref();
            }));
        };
        check(both, 0);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    }
}
