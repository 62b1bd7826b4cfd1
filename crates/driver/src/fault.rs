//! Why home, key or store could not be used: told apart, because only a missing store means logged out.

use std::io;
use std::path::Path;

use evergrant_engine::credential::{CredentialId, Label, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::{Remedy, shell_word};

/// Why a store could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// There is none.
    #[error("there is no store at {place}")]
    Missing {
        /// Where it was looked for.
        place: String,
    },
    /// It is damaged.
    #[error("the store at {place} is damaged: {detail}")]
    Corrupt {
        /// Where.
        place: String,
        /// What SQLite said.
        detail: String,
    },
    /// The key does not open it.
    #[error("the store at {place} cannot be decrypted: {detail}")]
    Undecryptable {
        /// Where.
        place: String,
        /// Which key was tried.
        detail: String,
    },
    /// Another process held it past the time limit.
    #[error("the store at {place} is locked by another process")]
    Locked {
        /// Where.
        place: String,
    },
    /// Permissions, or an owner that is not us.
    #[error("the store at {place} may not be used: {detail}")]
    Permission {
        /// Which file.
        place: String,
        /// What is wrong with it.
        detail: String,
        /// The command that mends it.
        fix: String,
    },
    /// A newer major version wrote it.
    #[error("the store at {place} was written by a newer evergrant (schema {found}, this one knows {known})")]
    Newer {
        /// Where.
        place: String,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Disk full, read-only, IO error.
    #[error("the store at {place} cannot be used: {detail}")]
    Unwritable {
        /// Where.
        place: String,
        /// What was tried and what the system said.
        detail: String,
    },
    /// It lies on a file system whose locks and syncs cannot be relied on.
    #[error("the store at {place} lies on a network file system ({kind}), whose locks cannot be relied on")]
    Network {
        /// Where.
        place: String,
        /// Which file system.
        kind: &'static str,
    },
    /// The label is taken within the provider.
    #[error("the label `{label}` is taken at {provider}")]
    LabelTaken {
        /// The provider.
        provider: ProviderId,
        /// The label.
        label: Label,
    },
    /// The record is not at the fence that was asked for.
    #[error("the credential changed meanwhile")]
    Changed,
    /// No such record.
    #[error("there is no credential `{0}`")]
    NoRecord(CredentialId),
}

impl StoreFault {
    /// A system call that failed on a file of the home; `doing` says what was tried.
    pub(crate) fn from_io(path: &Path, doing: &str, error: &io::Error) -> Self {
        let place = path.display().to_string();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { place },
            io::ErrorKind::PermissionDenied => Self::Permission {
                detail: format!("{doing}: {error}"),
                fix: let_in(path),
                place,
            },
            // `ErrorKind` is not ours and grows: all other kinds mean that the disk did not do it.
            _ => Self::Unwritable {
                detail: format!("{doing}: {error}"),
                place,
            },
        }
    }
}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        let message = fault.to_string();
        let (code, remedy) = match fault {
            StoreFault::Missing { .. } => (
                Code::StoreMissing,
                run("evergrant providers", "log in at one of these, which makes a store"),
            ),
            StoreFault::Corrupt { place, .. } => (
                Code::StoreCorrupt,
                Remedy::EditFile {
                    place: format!("the store: restore a backup of {place}, or move it aside and log in again"),
                },
            ),
            StoreFault::Undecryptable { place, .. } => (
                Code::StoreUndecryptable,
                Remedy::EditFile {
                    place: format!("the key: put back the one that belongs to {place}"),
                },
            ),
            StoreFault::Locked { .. } => (Code::StoreLocked, Remedy::Wait { until: None }),
            StoreFault::Permission { place, fix, .. } => (
                Code::StorePermission,
                Remedy::Run {
                    why: what_it_does(&fix, &place).to_owned(),
                    command: fix,
                },
            ),
            StoreFault::Newer { .. } => (
                Code::StoreNewer,
                Remedy::EditFile {
                    place: "the installation: update evergrant".to_owned(),
                },
            ),
            StoreFault::Unwritable { place, .. } => (
                Code::StoreUnwritable,
                Remedy::EditFile {
                    place: format!(
                        "the disk under {}: free space or make it writable, then try again",
                        there(Path::new(&place)).display()
                    ),
                },
            ),
            StoreFault::Network { .. } => (
                Code::StorePermission,
                Remedy::EditFile {
                    place: "the home's place: choose a directory on a local disk with `--home` or `EVERGRANT_HOME`"
                        .to_owned(),
                },
            ),
            StoreFault::LabelTaken { .. } => (Code::Usage, run("evergrant list", "choose a label that is free")),
            StoreFault::Changed => (Code::LockHeld, Remedy::Wait { until: None }),
            StoreFault::NoRecord(_) => (
                Code::UnknownCredential,
                run("evergrant list", "choose one that is listed"),
            ),
        };
        Self::new(code, message).with_remedy(remedy)
    }
}

/// The nearest part of a path that is there: what is not cannot be mended.
fn there(path: &Path) -> &Path {
    path.ancestors()
        .find(|part| part.symlink_metadata().is_ok())
        .unwrap_or(path)
}

/// What lets us use a path: the right to the nearest part of it that is there and ours, else a home of our own.
fn let_in(path: &Path) -> String {
    let there = there(path);
    if is_others(there) {
        return HOME_OF_OUR_OWN.to_owned();
    }
    format!("chmod u+rwX {}", shell_word(&there.display().to_string()))
}

/// Whether it belongs to somebody else, so that we can give ourselves no right to it.
#[cfg(unix)]
fn is_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = path.symlink_metadata().map(|found| found.uid());
    owner.is_ok_and(|owner| owner != rustix::process::geteuid().as_raw())
}

/// Access lists say it here, and they are the user's own.
#[cfg(not(unix))]
fn is_others(_path: &Path) -> bool {
    false
}

/// What a command that mends a permission does, for people.
fn what_it_does(fix: &str, place: &str) -> &'static str {
    if fix == HOME_OF_OUR_OWN {
        "keep the home where you may write"
    } else if fix.starts_with("mv \"$(readlink") {
        "put the file itself in the place of the link"
    } else if fix.starts_with("mv ") || fix.starts_with("rm ") {
        "take away what stands in its place"
    } else if Path::new(place).is_file() {
        "give the file back to you alone"
    } else {
        "give the directory back to you alone"
    }
}

/// The usual home.
const HOME_OF_OUR_OWN: &str = "export EVERGRANT_HOME=\"$HOME/.evergrant\"";

fn run(command: &str, why: &str) -> Remedy {
    Remedy::Run {
        command: command.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(path: &Path) -> (String, String) {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure = Failure::from(StoreFault::from_io(path, "making it", &denied));
        let remedy = failure.remedy.unwrap();
        (remedy.command().unwrap(), remedy.sentence())
    }

    #[test]
    fn a_remedy_names_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().display().to_string();
        let (command, sentence) = told(&directory.path().join("deep/home"));
        assert_eq!(command, format!("chmod u+rwX {name}"));
        assert_eq!(sentence, "give the directory back to you alone");
        let file = directory.path().join("key");
        fs::write(&file, "").unwrap();
        assert_eq!(told(&file).1, "give the file back to you alone");
        let full = StoreFault::Unwritable {
            place: directory.path().join("home/evergrant.db").display().to_string(),
            detail: String::new(),
        };
        let sentence = Failure::from(full).remedy.unwrap().sentence();
        assert!(sentence.contains(&format!("the disk under {name}:")), "{sentence}");
    }

    #[cfg(unix)]
    #[test]
    fn what_belongs_to_others_is_left_to_them() {
        let directory = tempfile::tempdir().unwrap();
        let theirs = directory.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        // Only root can give something away; to everyone else the root directory is another's.
        let path = match std::os::unix::fs::chown(&theirs, Some(12_345), None) {
            Ok(()) => theirs.join("home"),
            Err(_) => Path::new("/home-of-nobody").to_owned(),
        };
        let (command, sentence) = told(&path);
        assert_eq!(command, HOME_OF_OUR_OWN);
        assert_eq!(sentence, "keep the home where you may write");
    }
}
