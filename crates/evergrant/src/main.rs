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

/// A request through the gateway asks for memory some forty times; the system's allocator took an eighth of its time.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
