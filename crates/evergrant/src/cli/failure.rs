//! How a failure is told: what happened, what helps, what to type.

use evergrant_driver::{Failure, Remedy};

use super::colours;
use super::console::{Console, visible};
use super::json::FailureShape;

/// Tells it on the stream that the user reads: one document on stdout with `--json`, else lines on stderr.
pub(crate) fn tell(failure: &Failure, console: &Console) {
    if let Some(detail) = &failure.detail {
        tracing::debug!(code = failure.code.as_str(), detail, "the command failed");
    }
    if console.json() {
        // If stdout is gone as well, the exit code is all that is left.
        let _ = console.document(&FailureShape::from(failure));
        return;
    }
    let word = console.paint_note(colours::FAILURE, "error");
    console.note(&format!("{word}: {}", visible(&failure.message)));
    if let Some(remedy) = &failure.remedy {
        tell_remedy(remedy, console);
    }
}

/// The remedy alone, on stderr.
pub(crate) fn tell_remedy(remedy: &Remedy, console: &Console) {
    let word = console.paint_note(colours::GOOD, "help");
    console.note(&format!("  {word}: {}", visible(&remedy.sentence())));
    if let Some(command) = remedy.command() {
        let word = console.paint_note(colours::GOOD, "try");
        let command = console.paint_note(colours::COMMAND, &visible(&command));
        console.note(&format!("  {word}: {command}"));
    }
}
