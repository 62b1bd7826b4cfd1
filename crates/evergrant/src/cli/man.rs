//! `man`: the manual pages, made from the same table as the help.

use std::path::{Path, PathBuf};

use clap::Args;
use evergrant_driver::{Code, Failure};

use super::console::Console;
use super::exit::Exit;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Of this command, instead of evergrant as a whole
    command: Option<String>,
    /// Write every page into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

/// Prints one page, or writes all of them.
///
/// # Errors
/// A command that does not exist, a directory that cannot be written.
pub(crate) fn run(typed: &Typed, mut command: clap::Command, console: &Console) -> Result<Exit, Failure> {
    command.build();
    if let Some(directory) = &typed.out {
        write_all(&command, directory)?;
        return Ok(Exit::DONE);
    }
    let page = match &typed.command {
        None => page(&command)?,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => page(found)?,
            None => return Err(Failure::new(Code::Usage, format!("no such command: `{name}`"))),
        },
    };
    console.write(&page)?;
    Ok(Exit::DONE)
}

fn write_all(command: &clap::Command, directory: &Path) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        let message = format!("cannot write to `{}`: {error}", directory.display());
        Failure::new(Code::Internal, message)
    };
    std::fs::create_dir_all(directory).map_err(unwritable)?;
    std::fs::write(directory.join("evergrant.1"), page(command)?).map_err(unwritable)?;
    for found in command.get_subcommands().filter(|found| found.get_name() != "help") {
        let file = directory.join(format!("evergrant-{}.1", found.get_name()));
        std::fs::write(file, page(found)?).map_err(unwritable)?;
    }
    Ok(())
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut text)
        .map_err(|error| Failure::new(Code::Internal, format!("cannot make the manual page: {error}")))?;
    Ok(text)
}

const EXAMPLES: &str = "\
Examples:
  evergrant man | man -l -
  evergrant man login | man -l -
  evergrant man --out ~/.local/share/man/man1";
