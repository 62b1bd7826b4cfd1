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
use std::sync::atomic::{AtomicU64, Ordering};
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

/// One look of a task at all of its work, from when it is woken until it waits again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(u64);

thread_local! {
    static TURN: Cell<Option<Turn>> = const { Cell::new(None) };
    /// The next one's number, of which each thread has its own.
    static TURNS: Cell<u64> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) << 48);
    static HUSHED: Cell<bool> = const { Cell::new(false) };
    static KEPT: Cell<Option<Unheard>> = const { Cell::new(None) };
}

static THREADS: AtomicU64 = AtomicU64::new(0);

impl Default for Hush {
    fn default() -> Self {
        let ear = Arc::<Ear>::default();
        let waker = Waker::from(Arc::clone(&ear));
        Self { ear, waker }
    }
}

impl Hush {
    /// The work, whose wake-ups can be kept from it by [`hushed`], and whose turns are told by [`Turn::now`].
    pub fn around<F: Future + Unpin>(&self, mut work: F) -> impl Future<Output = F::Output> {
        poll_fn(move |cx| {
            self.ear.0.register(cx.waker());
            let _turn = Turn::begin();
            Pin::new(&mut work).poll(&mut Context::from_waker(&self.waker))
        })
    }
}

impl Turn {
    /// The one that the work of a [`Hush`] is in; what waits in it has nothing new to tell until the next. `None` in any other work.
    pub fn now() -> Option<Self> {
        TURN.get()
    }

    /// It lasts for as long as what this answers.
    fn begin() -> impl Drop {
        struct Before(Option<Turn>);
        impl Drop for Before {
            fn drop(&mut self) {
                TURN.set(self.0);
            }
        }
        let number = TURNS.get();
        TURNS.set(number + 1);
        Before(TURN.replace(Some(Self(number))))
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
    use std::sync::atomic::AtomicUsize;
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

    #[test]
    fn each_turn_is_another_and_ends() {
        let hush = Hush::default();
        let mut around = hush.around(poll_fn(|_| {
            let turn = Turn::now();
            assert!(turn.is_some() && turn == Turn::now());
            Poll::Ready(turn)
        }));
        let mut poll = || Pin::new(&mut around).poll(&mut Context::from_waker(Waker::noop()));
        assert_ne!(poll(), poll());
        assert_eq!(Turn::now(), None);
    }
}
