//! Numbers that many threads change and one reads now and then: an atomic each, without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Once more.
    pub fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many by now.
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are of something at this time.
#[derive(Clone, Debug, Default)]
pub struct Level(Arc<AtomicU64>);

/// One of them; dropping it counts it out.
#[derive(Debug)]
pub struct Raised(Level);

impl Level {
    /// One more, for as long as what is returned lives.
    #[must_use]
    pub fn raise(&self) -> Raised {
        self.0.fetch_add(1, Ordering::Relaxed);
        Raised(self.clone())
    }

    /// One more, until it is told to leave.
    pub fn enter(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
    pub fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are now.
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_raised_falls_when_it_is_dropped() {
        let level = Level::default();
        let (one, other) = (level.raise(), level.raise());
        assert_eq!(level.read(), 2);
        drop(one);
        assert_eq!(level.read(), 1);
        drop(other);
        assert_eq!(level.read(), 0);
    }
}
