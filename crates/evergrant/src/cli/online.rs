//! Runs a command that needs the driver, and ends it well when it is interrupted.

use std::time::Duration;

use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure};

use super::console::Console;
use super::file_size;
use super::interrupts::{Asked, Interrupts};
use super::progress;

/// Runs the work on a runtime of its own.
///
/// # Errors
/// What the work fails with, and `internal` if the system grants no runtime.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Internal, format!("cannot start the runtime: {error}")))?;
    let ended = runtime.block_on(async {
        file_size::outlive_the_limit();
        work.await
    });
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
        let mut interrupts = Interrupts::new();
        let driver = Driver::open(settings)?;
        let work = async {
            let ended = work(driver.clone()).await;
            // A renewal outlives the patience of who asked for it, and would end with this process.
            progress::shown("letting a renewal finish", driver.land()).await;
            ended
        };
        let asked = tokio::select! {
            ended = work => return ended,
            asked = interrupts.next() => asked,
        };
        console.note("interrupted: a renewal in flight is let finish, once more ends at once");
        tokio::select! {
            _ = driver.drain(patience(asked)) => {}
            _ = interrupts.next() => {}
        }
        Err(Failure::new(Code::Interrupted, "interrupted"))
    })
}

/// How long a renewal in flight is waited for.
const fn patience(asked: Asked) -> Duration {
    match asked {
        Asked::User => RENEWAL,
        Asked::System => DRAIN,
    }
}

/// As long as a renewal itself waits for its answer, and the commit after it.
const RENEWAL: Duration = Duration::from_secs(70);
/// What a service manager grants before it kills.
const DRAIN: Duration = Duration::from_secs(20);
