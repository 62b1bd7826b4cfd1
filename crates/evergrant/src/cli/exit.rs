//! How a command ends when it has said all it has to say.

use std::process::ExitCode;

use evergrant_driver::Code;

/// The exit code of a command that did not fail outright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(u8);

impl Exit {
    /// Done.
    pub(crate) const DONE: Self = Self(0);
    /// It reported, and what it reported is a fault.
    pub(crate) const FAULT: Self = Self(Code::Internal.exit());

    /// What another command ended with, passed on.
    pub(crate) const fn passed_on(code: u8) -> Self {
        Self(code)
    }

    /// The exit code of this code.
    pub(crate) fn of(code: Code) -> Self {
        Self(code.told())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
