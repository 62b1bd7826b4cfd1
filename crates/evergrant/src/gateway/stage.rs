//! How far the gateway is on its way to its end, as every connection gets to know it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::watch;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It serves.
    Open,
    /// Each connection may bring one more request, whose answer says that it is the last.
    LastRequests,
    /// What is idle is closed, and what is under way ends.
    Closed,
    /// What is still under way has no time left but to say goodbye.
    Over,
}

/// The side that decides.
#[derive(Debug)]
pub(super) struct Curtain {
    stage: watch::Sender<Stage>,
    falling: Arc<AtomicBool>,
}

/// The side of a connection.
#[derive(Clone, Debug)]
pub(super) struct Audience {
    stage: watch::Receiver<Stage>,
    falling: Arc<AtomicBool>,
}

impl Curtain {
    /// An open one, and who watches it.
    pub(super) fn open() -> (Self, Audience) {
        let (sender, stage) = watch::channel(Stage::Open);
        let falling = Arc::new(AtomicBool::new(false));
        let audience = Audience {
            stage,
            falling: Arc::clone(&falling),
        };
        (Self { stage: sender, falling }, audience)
    }

    /// Goes on to this stage.
    pub(super) fn fall(&self, stage: Stage) {
        self.falling.store(stage > Stage::Open, Ordering::Relaxed);
        self.stage.send_replace(stage);
    }
}

impl Audience {
    /// Whether an answer has to be a connection's last.
    pub(super) fn is_last(&self) -> bool {
        self.falling.load(Ordering::Relaxed)
    }

    /// Waits for this stage, or a later one; in one task, which is woken for much else.
    pub(super) async fn until(&mut self, stage: Stage) {
        let Self { stage: now, falling } = self;
        let mut comes = pin!(now.wait_for(|now| *now >= stage));
        let mut has_asked = false;
        let comes = poll_fn(|cx| {
            // Whoever lets the curtain fall says so before it wakes: until then the first question stands.
            if has_asked && !falling.load(Ordering::Relaxed) {
                return Poll::Pending;
            }
            has_asked = true;
            comes.as_mut().poll(cx).map(|came| came.is_ok())
        });
        if !comes.await {
            // Whoever would have told has gone without a word.
            std::future::pending::<()>().await;
        }
    }
}
