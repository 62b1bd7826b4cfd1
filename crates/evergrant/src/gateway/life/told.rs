//! What a gateway is told from outside while it runs: to end, or to read its files again.

use evergrant_driver::{Code, Failure};

/// What was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// To end (SIGTERM, SIGINT, Ctrl-C).
    End,
    /// To read its files again (SIGHUP).
    Reload,
}

/// Listens from its making on.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Outside {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Outside {
    /// Begins to listen; needs a runtime.
    pub(super) fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error| Failure::new(Code::Internal, format!("signals cannot be waited for: {error}"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            hang_up: signal(SignalKind::hangup()).map_err(failed)?,
        })
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::End,
            _ = self.interrupt.recv() => Told::End,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }
}

/// Listens for Ctrl-C.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Outside;

#[cfg(not(unix))]
impl Outside {
    /// Begins to listen; needs a runtime.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self)
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> Told {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Told::End
    }
}

impl Outside {
    /// Waits until it is told to end once more.
    pub(super) async fn end(&mut self) {
        while self.next().await != Told::End {}
    }
}
