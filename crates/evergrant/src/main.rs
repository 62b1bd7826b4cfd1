//! The `evergrant` command.

mod asking;
#[cfg(test)]
mod callers_tests;
mod chat;
mod cli;
mod demo;
mod gateway;
mod tasks;
mod traces;

/// A request through the gateway asks for memory some thirty times; the system's allocator took an eighth of its time.
#[cfg(not(target_os = "linux"))]
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

// There it stands in the place of the system's, which the standard library calls: for what needs no alignment of its own that is a
// shorter way than an allocator's which is always told one, and SQLite's memory comes from it as well.
#[cfg(target_os = "linux")]
use mimalloc as _;

fn main() -> std::process::ExitCode {
    #[cfg(feature = "torture")]
    if let Err(unusable) = evergrant_driver::failpoint::check() {
        #[expect(clippy::print_stderr, reason = "a build that is tortured speaks to its torturer")]
        {
            eprintln!("error: {unusable}");
        }
        return std::process::ExitCode::from(2);
    }
    cli::run(std::env::args_os().collect(), cli::Environment::of_process())
}
