//! Signals while the chat has the terminal.

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signalled {
    /// What Ctrl-C asks for.
    Interrupt,
    /// To end.
    End,
}

#[cfg(unix)]
pub(super) use unix::Signals;

#[cfg(unix)]
mod unix {
    use std::future::pending;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::Signalled;

    /// Listens from its making on.
    pub(crate) struct Signals {
        interrupt: Option<Signal>,
        end: Option<Signal>,
        hang_up: Option<Signal>,
    }

    impl Signals {
        /// Begins to listen; needs a runtime.
        pub(crate) fn new() -> Self {
            let listen = |kind| signal(kind).ok();
            Self {
                interrupt: listen(SignalKind::interrupt()),
                end: listen(SignalKind::terminate()),
                hang_up: listen(SignalKind::hangup()),
            }
        }

        /// Waits for the next.
        pub(crate) async fn next(&mut self) -> Signalled {
            tokio::select! {
                () = heard(&mut self.interrupt) => Signalled::Interrupt,
                () = heard(&mut self.end) => Signalled::End,
                () = heard(&mut self.hang_up) => Signalled::End,
            }
        }
    }

    async fn heard(signal: &mut Option<Signal>) {
        match signal {
            Some(signal) => {
                signal.recv().await;
            }
            None => pending().await,
        }
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
            Err(_) => std::future::pending().await,
        }
    }
}
