//! How a failure is told: what happened, what helps, what to type.

use evergrant_driver::{Failure, Remedy, Unusable};

use super::colours;
use super::console::{Console, visible};
use super::json::FailureShape;
use super::when::{now, relative};

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
    // Of a single one everything has been said.
    for one in failure.credentials.iter().filter(|_| failure.credentials.len() > 1) {
        tell_unusable(one, console);
    }
}

/// One of several credentials, none of which can be used.
fn tell_unusable(one: &Unusable, console: &Console) {
    let name = console.paint_note(colours::HEADING, &visible(&format!("{}/{}", one.provider, one.label)));
    let until = one
        .until
        .map(|until| format!(", {}", relative(until, now())))
        .unwrap_or_default();
    console.note(&format!("  {name}: {}{until}", visible(&one.message)));
    if let Some(remedy) = &one.remedy {
        let command = remedy.command().map(|command| {
            let command = console.paint_note(colours::COMMAND, &visible(&command));
            format!(": {command}")
        });
        let sentence = visible(&remedy.sentence());
        console.note(&format!("    {sentence}{}", command.unwrap_or_default()));
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
