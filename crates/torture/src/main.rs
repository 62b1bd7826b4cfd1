//! Tortures evergrant's renewals, and says in figures what came of it.

mod burst;
mod cancel;
mod clocks;
mod conversation;
mod crash;
mod crew;
mod dead;
mod disk;
mod endpoint;
mod exchange;
mod exposure;
mod gateway;
mod home;
mod kill;
mod leaver;
mod line;
mod logout;
mod outage;
mod part;
mod process;
mod random;
mod report;
mod road;
mod run;
mod served;
mod showing;
mod soak;
mod stop;
mod storm;
mod story;
mod typed;
mod watch;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

use typed::{Torture, Typed};

fn main() -> ExitCode {
    let done = match Typed::parse().torture {
        Torture::Worker(work) => worker::work(work).map(|()| true),
        Torture::Show(shown) => showing::show(shown),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "a development binary speaks to whoever runs it")]
            {
                eprintln!("the harness itself failed: {fault:#}");
            }
            ExitCode::from(2)
        }
    }
}
