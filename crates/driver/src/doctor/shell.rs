//! Commands for the user's shell.

use std::path::Path;

use evergrant_engine::remedy::{Remedy, shell_word};

/// A path as one word.
pub(super) fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

/// A command that mends something, and what it does.
pub(super) fn run(command: impl Into<String>, why: impl Into<String>) -> Remedy {
    Remedy::Run {
        command: command.into(),
        why: why.into(),
    }
}

/// What stands before a command that only root may run.
#[cfg(unix)]
pub(super) fn sudo() -> &'static str {
    if rustix::process::geteuid().is_root() {
        ""
    } else {
        "sudo "
    }
}

/// What stands before a command that only an administrator may run.
#[cfg(not(unix))]
pub(super) fn sudo() -> &'static str {
    ""
}
