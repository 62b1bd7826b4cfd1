//! Who asked the process to end; no signal is lost between two looks, because they are listened for all the while.

use std::future::pending;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Who asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The user, by Ctrl-C.
    User,
    /// The system, by SIGTERM.
    System,
}

/// Listens from its making on.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Interrupts {
    user: Option<Signal>,
    system: Option<Signal>,
}

#[cfg(unix)]
impl Interrupts {
    /// Begins to listen; needs a runtime.
    pub(crate) fn new() -> Self {
        // Where a signal cannot be listened for it does what it does by default.
        Self {
            user: signal(SignalKind::interrupt()).ok(),
            system: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            () = heard(&mut self.user) => Asked::User,
            () = heard(&mut self.system) => Asked::System,
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

/// Listens for Ctrl-C.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Interrupts;

#[cfg(not(unix))]
impl Interrupts {
    /// Begins to listen; needs a runtime.
    pub(crate) const fn new() -> Self {
        Self
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) -> Asked {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Asked::User,
            Err(_) => pending().await,
        }
    }
}
