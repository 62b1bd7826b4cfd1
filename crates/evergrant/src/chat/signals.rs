//! Signals while the chat has the terminal.

use std::future::pending;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signalled {
    /// What Ctrl-C asks for.
    Interrupt,
    /// To end.
    End,
}

/// Listens from its making on.
#[cfg(unix)]
pub(super) struct Signals {
    interrupt: Option<Signal>,
    end: Option<Signal>,
    hang_up: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen; needs a runtime.
    pub(super) fn new() -> Self {
        // Where a signal cannot be listened for it does what it does by default.
        let listen = |kind| signal(kind).ok();
        Self {
            interrupt: listen(SignalKind::interrupt()),
            end: listen(SignalKind::terminate()),
            hang_up: listen(SignalKind::hangup()),
        }
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> Signalled {
        tokio::select! {
            () = heard(&mut self.interrupt) => Signalled::Interrupt,
            () = heard(&mut self.end) => Signalled::End,
            () = heard(&mut self.hang_up) => Signalled::End,
        }
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => pending().await,
    }
}

/// Elsewhere the terminal itself tells of Ctrl-C, as of a key.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    pub(super) const fn new() -> Self {
        Self
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> Signalled {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signalled::Interrupt,
            Err(_) => pending().await,
        }
    }
}
