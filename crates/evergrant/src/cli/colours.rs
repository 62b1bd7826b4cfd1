//! The few styles there are, each for one meaning.

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Style};

/// The word that says something failed.
pub(crate) const FAILURE: Style = AnsiColor::Red.on_default().bold();
/// The word that asks for attention.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Something is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Something is wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Something passes by itself.
pub(crate) const PASSING: Style = AnsiColor::Yellow.on_default();
/// What can be typed.
pub(crate) const COMMAND: Style = AnsiColor::Cyan.on_default();
/// What matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// A heading.
pub(crate) const HEADING: Style = Style::new().bold();

/// The same styles for help texts.
pub(crate) const HELP: Styles = Styles::styled()
    .header(HEADING)
    .usage(HEADING)
    .literal(COMMAND)
    .error(FAILURE)
    .valid(GOOD)
    .invalid(WARNING);
