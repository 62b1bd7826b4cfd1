//! The threads that serve connections: one for each core, with a runtime of its own.
//!
//! What belongs to a connection stays where it was begun: no other thread is woken for it, and none takes its work over in the
//! middle. The provider's connections are kept by runtime, so that both ends of a request are read by the same thread.

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
    post: Arc<Post>,
}

/// What it serves, and where.
struct Post {
    connections: AtomicUsize,
    place: Place,
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
        let load = |hand: &&Hand| hand.post.connections.load(Ordering::Relaxed);
        let Some(hand) = self.hands.iter().min_by_key(load) else {
            return;
        };
        let served = Served::at(&hand.post);
        hand.runtime.spawn(async move {
            let post = Arc::clone(&served.0);
            post.settle();
            serve().await;
            drop(served);
            post.settle();
        });
    }
}

impl Post {
    /// For its thread, whose connections have become more or fewer.
    fn settle(&self) {
        self.place.serves(self.connections.load(Ordering::Relaxed));
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
        let connections = AtomicUsize::new(0);
        let post = Arc::new(Post { connections, place });
        let begun_here = Arc::clone(&post);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            // What blocks has threads of its own.
            .on_thread_start(move || begun_here.place.leave())
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let thread = Builder::new().name(format!("serve-{number}"));
        let work = move || {
            // Ends with the crew, which says nothing before.
            let _ = runtime.block_on(left.changed());
            // What blocks there ends by itself, and nobody waits for it.
            runtime.shutdown_background();
        };
        thread.spawn(work).map_err(failed)?;
        Ok(Self { runtime: handle, post })
    }
}

/// A connection that is being served, or was given up.
struct Served(Arc<Post>);

impl Served {
    fn at(post: &Arc<Post>) -> Self {
        post.connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(post))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "crew_tests.rs"]
mod tests;
