//! Runs a command that needs the driver, and ends it well when it is interrupted.

use std::time::Duration;

use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure};

use super::console::Console;

/// Runs the work on a runtime of its own.
///
/// # Errors
/// What the work fails with, and `internal` if the system grants no runtime.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Internal, format!("cannot start the runtime: {error}")))?;
    let ended = runtime.block_on(work);
    // A thread may still wait for a line on stdin; it must not hold up the end.
    runtime.shutdown_background();
    ended
}

/// Opens the driver and runs the work with it. The first interrupt lets a renewal in flight finish, because giving it up
/// could cost the login; the second ends at once.
///
/// # Errors
/// What the work fails with, or `interrupted`.
pub(crate) fn with_driver<T>(
    settings: Settings,
    console: &Console,
    work: impl AsyncFnOnce(Driver) -> Result<T, Failure>,
) -> Result<T, Failure> {
    run(async {
        let driver = Driver::open(settings)?;
        let asked = tokio::select! {
            ended = work(driver.clone()) => return ended,
            asked = interrupted() => asked,
        };
        console.note("interrupted: a renewal in flight is let finish, once more ends at once");
        tokio::select! {
            _ = driver.drain(asked.patience()) => {}
            _ = interrupted() => {}
        }
        Err(Failure::new(Code::Interrupted, "interrupted"))
    })
}

/// Who asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The user, by Ctrl-C.
    User,
    /// The system, by SIGTERM.
    System,
}

impl Asked {
    const fn patience(self) -> Duration {
        match self {
            Self::User => RENEWAL,
            Self::System => DRAIN,
        }
    }
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

/// As long as a renewal itself waits for its answer, and the commit after it.
const RENEWAL: Duration = Duration::from_secs(70);
/// What a service manager grants before it kills.
const DRAIN: Duration = Duration::from_secs(20);
