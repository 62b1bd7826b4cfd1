//! What a line found: figures, and every promise that did not hold.

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The findings of one line.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<String>,
    faults: Vec<String>,
}

impl Report {
    /// Adds a figure: `name value`.
    pub(crate) fn figure(&mut self, name: &str, value: impl Display) {
        self.figures.push(format!("{name} {value}"));
    }

    /// Notes a promise that did not hold.
    pub(crate) fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    /// Notes what did not hold, if it did not.
    pub(crate) fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fault(what());
        }
    }

    /// Notes a count that is not the wanted one.
    pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, wanted: &T) {
        self.check(found == wanted, || format!("{what}: {found:?} instead of {wanted:?}"));
    }

    /// Takes over the faults of a part.
    pub(crate) fn take(&mut self, part: Self) {
        self.figures.extend(part.figures);
        self.faults.extend(part.faults);
    }

    /// Whether every promise held.
    pub(crate) const fn held(&self) -> bool {
        self.faults.is_empty()
    }

    /// Prints the figure line, and the faults under it.
    pub(crate) fn print(&self, line: &str, seed: u64, took: Duration) {
        let mut text = format!("{line}: {}", self.figures.join(", "));
        let secs = took.as_secs_f32();
        let _ = write!(text, "; {} faults; seed {seed}, {secs:.1} s", self.faults.len());
        for fault in self.faults.iter().take(FAULTS_SHOWN) {
            let _ = write!(text, "\n  fault: {fault}");
        }
        if self.faults.len() > FAULTS_SHOWN {
            let _ = write!(text, "\n  and {} more", self.faults.len() - FAULTS_SHOWN);
        }
        #[expect(clippy::print_stdout, reason = "a development binary reports to whoever runs it")]
        {
            println!("{text}");
        }
    }
}

/// 12: more of the same tells nothing more.
const FAULTS_SHOWN: usize = 12;
