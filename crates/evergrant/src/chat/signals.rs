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
    /// To go on after a stop, during which the terminal was another's.
    GoOn,
}

/// Listens from its making on.
#[cfg(unix)]
pub(super) struct Signals {
    interrupt: Option<Signal>,
    end: Option<Signal>,
    hang_up: Option<Signal>,
    go_on: Option<Signal>,
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
            go_on: listen(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())),
        }
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) -> Signalled {
        tokio::select! {
            () = heard(&mut self.interrupt) => Signalled::Interrupt,
            () = heard(&mut self.end) => Signalled::End,
            () = heard(&mut self.hang_up) => Signalled::End,
            () = heard(&mut self.go_on) => Signalled::GoOn,
        }
    }

    /// Stops this process, and whatever it stands in a pipe with, until the shell lets it go on. Where no shell could, nothing
    /// stops.
    pub(super) async fn stop(&mut self) {
        use rustix::process::{Signal, kill_current_process_group};
        if kill_current_process_group(Signal::TSTP).is_ok() {
            // The stop may come a moment after the call, to whichever thread; where it does not come at all nobody waits.
            let _ = tokio::time::timeout(STOPS_WITHIN, heard(&mut self.go_on)).await;
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

/// 250 ms: the kernel stops a process in far less.
#[cfg(unix)]
const STOPS_WITHIN: std::time::Duration = std::time::Duration::from_millis(250);

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

    /// No shell stops anything here.
    pub(super) async fn stop(&mut self) {}
}
