//! What the disk is made to answer, to which call; a small library before the process does it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// An error of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errno {
    /// It is full.
    Full,
    /// It does not answer.
    Broken,
    /// It has become read-only.
    ReadOnly,
    /// The user has used up what is granted.
    Quota,
}

/// One failure, or all from one call on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) errno: Errno,
    /// Which of the calls that change the home fails; the first is 1.
    pub(super) nth: u32,
    /// Whether all later ones fail as well.
    pub(super) lasting: bool,
}

/// The library that fails in the disk's place; it goes with its directory.
#[derive(Debug)]
pub(super) struct Library(tempfile::TempDir);

impl Errno {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Full, Self::Broken, Self::ReadOnly, Self::Quota];

    const fn name(self) -> &'static str {
        match self {
            Self::Full => "ENOSPC",
            Self::Broken => "EIO",
            Self::ReadOnly => "EROFS",
            Self::Quota => "EDQUOT",
        }
    }

    /// Its number on Linux.
    const fn number(self) -> &'static str {
        match self {
            Self::Full => "28",
            Self::Broken => "5",
            Self::ReadOnly => "30",
            Self::Quota => "122",
        }
    }
}

impl Fault {
    /// The variables under which a process suffers it; the first failure is noted.
    pub(super) fn variables(&self, library: &Library, home: &Path, note: &Path) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("LD_PRELOAD", library.path().display().to_string()),
            ("DISK_HOME", home.display().to_string()),
            ("DISK_ERRNO", self.errno.number().to_owned()),
            ("DISK_NTH", self.nth.to_string()),
            ("DISK_NOTE", note.display().to_string()),
        ];
        if self.lasting {
            variables.push(("DISK_LASTS", "1".to_owned()));
        }
        variables
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = if self.lasting { " and later" } else { "" };
        write!(f, "{} at change {}{on}", self.errno.name(), self.nth)
    }
}

impl Library {
    /// Compiles it.
    pub(super) fn build() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("torture-").tempdir()?;
        let source = directory.path().join("disk.c");
        std::fs::write(&source, SOURCE)?;
        let library = Self(directory);
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(library.path())
            .arg(&source)
            .arg("-ldl");
        let output = compiler.output().context("no C compiler here")?;
        ensure!(
            output.status.success(),
            "cc: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(library)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("disk.so")
    }
}

const SOURCE: &str = include_str!("disk.c");
