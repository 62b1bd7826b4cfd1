//! Measures a gateway: a provider whose answers cost next to nothing, and clients that say how long theirs took.

mod answers;
mod connection;
mod figures;
mod lane;
mod load;
mod moment;
mod relay;
mod streams;
mod target;
mod typed;
mod upstream;

use std::process::ExitCode;

use clap::Parser as _;

use typed::{Bench, Typed};

/// The gateway's, so that the relay is measured by the same.
#[cfg(not(target_os = "linux"))]
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;
#[cfg(target_os = "linux")]
use mimalloc as _;

fn main() -> ExitCode {
    let done = match Typed::parse().bench {
        Bench::Upstream(wanted) => upstream::serve(&wanted),
        Bench::Relay(wanted) => relay::serve(&wanted),
        Bench::Streams(wanted) => streams::measure(&wanted),
        Bench::Load(wanted) => load::measure(&wanted),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "a development binary speaks to whoever runs it")]
            {
                eprintln!("not measured: {fault:#}");
            }
            ExitCode::FAILURE
        }
    }
}
