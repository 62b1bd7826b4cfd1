//! What a check found, how bad it is, and the one thing to do about it.

use evergrant_engine::failure::Failure;
use evergrant_engine::remedy::Remedy;

use crate::fault::StoreFault;

/// What one check found.
///
/// ```
/// use evergrant_driver::doctor;
/// use evergrant_driver::doctor::Level;
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[chat]\nmodle = \"gpt-5\"\n")?;
/// let findings = doctor(&Settings::examine(Some(home.path().to_owned()), [])?);
/// let mistake = findings.iter().find(|finding| finding.message.contains("modle")).expect("it is found");
/// assert!(mistake.level == Level::Fault && mistake.remedy.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How bad it is.
    pub level: Level,
    /// What was found, in one sentence without a full stop.
    pub message: String,
    /// The one thing to do.
    pub remedy: Option<Remedy>,
}

/// How bad a finding is.
///
/// ```
/// use evergrant_driver::doctor;
/// use evergrant_driver::doctor::Level;
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// let findings = doctor(&Settings::examine(Some(folder.path().join("home")), [])?);
/// // Only a fault keeps anything from working; a program that starts need not stop for less.
/// assert!(findings.iter().all(|finding| finding.level != Level::Fault));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, or mends itself, but the user should know.
    Warn,
    /// Something does not work until the user acts.
    Fault,
}

impl Finding {
    /// All is well.
    pub(crate) fn ok(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            level: Level::Ok,
            message: message.into(),
            remedy: None,
        }
    }

    /// Something to know.
    pub(crate) fn warn(check: impl Into<String>, message: impl Into<String>, remedy: Remedy) -> Self {
        Self {
            level: Level::Warn,
            remedy: Some(remedy),
            ..Self::ok(check, message)
        }
    }

    /// Something to do.
    pub(crate) fn fault(check: impl Into<String>, message: impl Into<String>, remedy: Remedy) -> Self {
        Self {
            level: Level::Fault,
            remedy: Some(remedy),
            ..Self::ok(check, message)
        }
    }

    /// A failure, in its own words.
    pub(crate) fn of(check: impl Into<String>, failure: Failure) -> Self {
        Self {
            level: Level::Fault,
            remedy: failure.remedy,
            ..Self::ok(check, failure.message)
        }
    }

    /// A fault of the store, in its own words.
    pub(super) fn of_store(check: &str, fault: StoreFault) -> Self {
        Self::of(check, fault.into())
    }
}
