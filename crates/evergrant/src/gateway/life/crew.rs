//! The threads that serve connections: one for each core, with a runtime of its own.
//!
//! What belongs to a connection stays where it was begun: no other thread is woken for it, and none takes its work over in the
//! middle. The provider's connections are kept by runtime, so that both ends of a request are read by the same thread. Where there
//! are as many threads as cores, each stays on its own.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism};

use evergrant_driver::{Code, Failure};
use tokio::runtime::{self, Handle};
use tokio::sync::watch;

use super::place::Place;

/// The threads; dropped, they leave everything as it is.
pub(super) struct Crew {
    hands: Vec<Hand>,
    _leave: watch::Sender<()>,
}

/// One of them.
struct Hand {
    runtime: Handle,
    busy: Arc<AtomicUsize>,
}

impl Crew {
    /// One for each core.
    pub(super) fn new() -> Result<Self, Failure> {
        let (leave, left) = watch::channel(());
        let count = available_parallelism().map_or(1, usize::from);
        let places = Place::for_each(count).into_iter().enumerate();
        let hands = places.map(|(number, place)| Hand::new(number, place, left.clone()));
        Ok(Self {
            hands: hands.collect::<Result<_, _>>()?,
            _leave: leave,
        })
    }

    /// Lets the one who has the least to do serve a connection to its end. What does that is made there: as a future that is
    /// handed over, each connection would have room for it twice.
    pub(super) fn spawn<F: Future<Output = ()> + Send>(&self, serve: impl FnOnce() -> F + Send + 'static) {
        let Some(hand) = self.hands.iter().min_by_key(|hand| hand.busy.load(Ordering::Relaxed)) else {
            return;
        };
        let busy = Busy::on(&hand.busy);
        hand.runtime.spawn(async move {
            serve().await;
            drop(busy);
        });
    }
}

impl Hand {
    fn new(number: usize, place: Place, mut left: watch::Receiver<()>) -> Result<Self, Failure> {
        let failed = |error| {
            Failure::new(
                Code::Internal,
                format!("a thread that serves could not be started: {error}"),
            )
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            // What blocks has threads of its own.
            .on_thread_start(move || place.leave())
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let thread = Builder::new().name(format!("serve-{number}"));
        let work = move || {
            place.take();
            // Ends with the crew, which says nothing before.
            let _ = runtime.block_on(left.changed());
            // What blocks there ends by itself, and nobody waits for it.
            runtime.shutdown_background();
        };
        thread.spawn(work).map_err(failed)?;
        Ok(Self {
            runtime: handle,
            busy: Arc::default(),
        })
    }
}

/// A connection that is being served, or was given up.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn on(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::thread::{CpuSet, sched_getaffinity};
    use tokio::task::spawn_blocking;

    use super::*;

    fn cores() -> CpuSet {
        sched_getaffinity(None).unwrap()
    }

    #[tokio::test]
    async fn each_thread_stays_on_a_core_of_its_own_and_what_blocks_goes_anywhere() {
        let all = cores();
        let crew = Crew::new().unwrap();
        let mut taken = CpuSet::new();
        for hand in &crew.hands {
            let own = hand.runtime.spawn(async { cores() }).await.unwrap();
            let blocking = hand.runtime.spawn(async { spawn_blocking(cores).await.unwrap() });
            assert_eq!(blocking.await.unwrap(), all);
            if crew.hands.len() == all.count() as usize {
                assert_eq!(own.count(), 1);
                let number = (0..CpuSet::MAX_CPU).find(|number| own.is_set(*number)).unwrap();
                assert!(!taken.is_set(number), "core {number} is taken twice");
                taken.set(number);
            } else {
                assert_eq!(own, all);
            }
        }
    }

    #[test]
    fn more_threads_than_cores_go_anywhere() {
        let all = cores();
        for place in Place::for_each(all.count() as usize + 1) {
            place.take();
            assert_eq!(cores(), all);
        }
    }
}
