//! Runs a command that needs the driver, and ends it well when it is interrupted.

use evergrant_driver::{Code, Failure};

use super::exit::Exit;

/// Runs the work on a runtime of its own.
///
/// # Errors
/// What the work fails with, and `internal` if the system grants no runtime.
pub(crate) fn run(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Internal, format!("cannot start the runtime: {error}")))?;
    let ended = runtime.block_on(work);
    // A thread may still wait for a line on stdin; it must not hold up the end.
    runtime.shutdown_background();
    ended
}

/// Who asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The user, by Ctrl-C.
    User,
    /// The system, by SIGTERM.
    System,
}

/// Waits for Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() -> Asked {
    tokio::select! {
        () = user() => Asked::User,
        () = system() => Asked::System,
    }
}

async fn user() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

#[cfg(unix)]
async fn system() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn system() {
    std::future::pending().await
}
