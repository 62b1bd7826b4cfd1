//! What is wrong in the home's files and stops only those who need it: told by everyone else as a warning, never passed over silently.

use evergrant_driver::settings::{Examined, Mistake, Settings};

use super::colours;
use super::console::{Console, visible};

/// The settings past those mistakes, once each has been told.
pub(crate) fn warned(examined: Examined, console: &Console) -> Settings {
    for mistake in &examined.mistakes {
        let word = console.paint_note(colours::WARNING, "warning");
        let message = visible(&mistake.failure().message);
        let meanwhile = match mistake {
            Mistake::Row(_) => "until that is mended, nothing is done with its provider",
            Mistake::Configuration(_) => "until that is mended, it holds nothing",
        };
        console.note(&format!("{word}: {message}; {meanwhile}"));
        let command = mistake.failure().remedy.as_ref().and_then(|remedy| remedy.command());
        if let Some(command) = command {
            let word = console.paint_note(colours::GOOD, "try");
            let command = console.paint_note(colours::COMMAND, &visible(&command));
            console.note(&format!("  {word}: {command}"));
        }
    }
    examined.settings
}
