//! The `evergrant` command.

mod cli;
mod demo;
mod gateway;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os().collect(), cli::Environment::of_process())
}
