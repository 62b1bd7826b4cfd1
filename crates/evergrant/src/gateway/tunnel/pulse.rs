//! When something was last said on a connection that has left HTTP.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Beats with every word of either side.
pub(super) struct Pulse {
    began: Instant,
    last_ms: AtomicU64,
    /// Whether the client has said something that the provider has not said anything to yet.
    is_asked: AtomicBool,
    is_half: AtomicBool,
    halved: Notify,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// Who asks.
    Client,
    /// Who answers.
    Provider,
}

impl Pulse {
    /// Beats from now on.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            last_ms: AtomicU64::new(0),
            is_asked: AtomicBool::new(false),
            is_half: AtomicBool::new(false),
            halved: Notify::new(),
        }
    }

    /// Something was said.
    pub(super) fn beat(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(since, Ordering::Relaxed);
    }

    /// This one has said something to its end, as far as a frame goes.
    pub(super) fn said_by(&self, speaker: Speaker) {
        self.is_asked.store(speaker == Speaker::Client, Ordering::Relaxed);
    }

    /// One side has said its last word.
    pub(super) fn halve(&self) {
        self.beat();
        self.is_half.store(true, Ordering::Relaxed);
        self.halved.notify_one();
    }

    /// Whether one side has said its last word.
    pub(super) fn is_half(&self) -> bool {
        self.is_half.load(Ordering::Relaxed)
    }

    /// Waits until nothing has been said for so long, and nothing is waited for that was asked.
    pub(super) async fn rests(&self, limit: Duration) {
        loop {
            let is_asked = self.is_asked.load(Ordering::Relaxed);
            let since = if is_asked { Instant::now() } else { self.last() };
            if Instant::now() >= since + limit {
                return;
            }
            sleep_until(since + limit).await;
        }
    }

    /// Waits until nothing has been said for too long.
    pub(super) async fn stops(&self) {
        loop {
            let limit = if self.is_half() { LINGERS } else { SILENCE };
            let due = self.last() + limit;
            if Instant::now() >= due {
                return;
            }
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.halved.notified() => {}
            }
        }
    }

    fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }
}

/// 10 min without a byte from either side: whoever means to stay sends a ping every minute or less.
pub(super) const SILENCE: Duration = Duration::from_secs(600);

/// 10 s without a byte once one side has ended: the other has no more to say than its goodbye.
pub(super) const LINGERS: Duration = Duration::from_secs(10);
