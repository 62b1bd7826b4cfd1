//! The two streams: data to stdout, everything else to stderr, each with or without colour.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use clap::builder::styling::Style;
use evergrant_driver::{Code, Failure};
use serde::Serialize;

use super::environment::Environment;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where a command writes, and in which form.
#[derive(Debug)]
pub(crate) struct Console {
    json: bool,
    terminal: bool,
    drawable: bool,
    colour_out: bool,
    colour_err: bool,
    closed: AtomicBool,
}

impl Console {
    /// Decides about form and colours.
    pub(crate) fn new(json: bool, choice: ColourChoice, environment: &Environment) -> Self {
        let is_dumb = environment.value("TERM") == Some("dumb");
        let coloured = |is_terminal: bool| match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => is_terminal && environment.value("NO_COLOR").is_none() && !is_dumb,
        };
        Self {
            json,
            terminal: io::stdout().is_terminal(),
            drawable: io::stdout().is_terminal() && !is_dumb,
            colour_out: coloured(io::stdout().is_terminal()),
            colour_err: coloured(io::stderr().is_terminal()),
            closed: AtomicBool::new(false),
        }
    }

    /// Whether stdout carries JSON.
    pub(crate) const fn json(&self) -> bool {
        self.json
    }

    /// Whether stdout is a terminal.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether stdout is a terminal that can be drawn on.
    pub(crate) const fn is_drawable(&self) -> bool {
        self.drawable
    }

    /// Whether stdout may carry colours.
    pub(crate) const fn colour_out(&self) -> bool {
        self.colour_out
    }

    /// Whether stderr may carry colours.
    pub(crate) const fn colour_err(&self) -> bool {
        self.colour_err
    }

    /// Whether the reader of stdout has gone; what is written from then on is dropped.
    pub(crate) fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Writes text and a line end to stdout.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        self.write(&[text.as_bytes(), b"\n"].concat())
    }

    /// Writes one JSON document on one line to stdout.
    pub(crate) fn document(&self, shape: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(shape)
            .map_err(|error| Failure::new(Code::Internal, format!("cannot write the answer as JSON: {error}")))?;
        text.push(b'\n');
        self.write(&text)
    }

    /// Writes bytes to stdout; a reader that has gone is not an error.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        if self.closed() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Err(Failure::new(Code::Internal, format!("cannot write to stdout: {error}"))),
        }
    }

    /// Writes text and a line end to stderr; nobody is left to be told if that fails.
    pub(crate) fn note(&self, text: &str) {
        let _ = io::stderr().lock().write_all(&[text.as_bytes(), b"\n"].concat());
    }

    /// The text in a style, if stdout is coloured.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        paint(self.colour_out, style, text)
    }

    /// The text in a style, if stderr is coloured.
    pub(crate) fn paint_note(&self, style: Style, text: &str) -> String {
        paint(self.colour_err, style, text)
    }
}

fn paint(coloured: bool, style: Style, text: &str) -> String {
    if coloured && !text.is_empty() {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// The text without control characters: a provider's words must not steer the terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_do_not_steer_the_terminal() {
        assert_eq!(visible("no\x1b[2J\r\nplan\u{9b}31m"), "no [2J  plan 31m");
    }
}
