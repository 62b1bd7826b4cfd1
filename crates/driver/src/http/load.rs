//! How many streams are open on a shared connection, and how many the server allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The load of one connection, shared by its streams.
#[derive(Clone, Debug)]
pub(super) struct Load(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    open: AtomicUsize,
    limit: AtomicUsize,
}

/// One open stream; dropping it gives its place free.
#[derive(Debug)]
pub(super) struct OpenStream(Load);

impl Load {
    /// A connection without streams.
    pub(super) fn new(limit: usize) -> Self {
        let (open, limit) = (AtomicUsize::new(0), AtomicUsize::new(limit));
        Self(Arc::new(Counts { open, limit }))
    }

    /// Takes note of the server's `SETTINGS_MAX_CONCURRENT_STREAMS`.
    pub(super) fn set_limit(&self, limit: usize) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// How many streams are open.
    pub(super) fn open(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Whether the server takes another stream now.
    pub(super) fn has_room(&self) -> bool {
        self.open() < self.0.limit.load(Ordering::Relaxed)
    }

    /// Counts one more stream.
    pub(super) fn begin(&self) -> OpenStream {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        OpenStream(self.clone())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
