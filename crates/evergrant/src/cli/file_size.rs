//! A limit on the size of files (`ulimit -f`) is an error of the write that meets it, not the end of the process.

/// From now on such a write fails with `EFBIG`, and what it was to save is told and kept; the system's default is to end the
/// process there. To be called on a runtime.
#[cfg(unix)]
pub(super) fn outlive_the_limit() {
    use tokio::signal::unix::{SignalKind, signal};
    // Once caught it stays caught, whether anyone listens or not; without it everything but the message is as good.
    drop(signal(SignalKind::from_raw(SIGXFSZ)));
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(super) fn outlive_the_limit() {}

/// The signal's number on every system that we run on.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;
