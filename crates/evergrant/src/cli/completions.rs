//! `completions`: what a shell needs to complete commands and flags.

use clap::Args;
use clap_complete::Shell;
use evergrant_driver::Failure;

use super::console::Console;
use super::exit::Exit;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// For which shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Only stdout's own.
pub(crate) fn run(typed: &Typed, mut command: clap::Command, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(typed.shell, &mut command, "evergrant", &mut script);
    console.write(&script)?;
    Ok(Exit::DONE)
}

const EXAMPLES: &str = "\
Examples:
  evergrant completions bash > ~/.local/share/bash-completion/completions/evergrant
  evergrant completions zsh > ~/.zfunc/_evergrant
  evergrant completions fish > ~/.config/fish/completions/evergrant.fish";
