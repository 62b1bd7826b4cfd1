//! What was typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::line::Line;
use crate::part::Part;

/// Tortures evergrant's renewals.
#[derive(Debug, Parser)]
pub(crate) struct Typed {
    #[command(subcommand)]
    pub(crate) torture: Torture,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Torture {
    /// Shows one line, or several one after the other.
    Show(Shown),
    /// One of many processes that use one home; the harness starts it.
    #[command(hide = true)]
    Worker(Work),
}

/// Which lines, and how.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// The lines by name.
    #[arg(required = true)]
    pub(crate) lines: Vec<Line>,
    /// The long form, for figures instead of a quick look.
    #[arg(long)]
    pub(crate) full: bool,
    /// Writes a golden table anew instead of comparing with it.
    #[arg(long)]
    pub(crate) bless: bool,
    /// Repeats a run; drawn and printed otherwise.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// One part of the kills of a long form, as `3/10`: all parts of one seed are the whole.
    #[arg(long, value_name = "PART/PARTS")]
    pub(crate) part: Option<Part>,
    /// The binary that is tortured.
    #[arg(long, env = "EVERGRANT", value_name = "PATH")]
    pub(crate) evergrant: PathBuf,
}

/// What a worker does at each `go` on its stdin.
#[derive(Debug, Clone, Args)]
pub(crate) struct Work {
    /// The home it opens.
    #[arg(long)]
    pub(crate) home: PathBuf,
    /// How many tasks begin at once.
    #[arg(long)]
    pub(crate) tasks: usize,
    /// What each of them does.
    #[arg(long)]
    pub(crate) deed: Deed,
}

/// What one task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deed {
    /// Asks for a usable token, renewing if needed.
    Token,
    /// Sends a chat request.
    Request,
    /// Forces a renewal.
    Refresh,
}
