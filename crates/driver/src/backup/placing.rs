//! Writing a backup into a file that is its owner's alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::{Remedy, shell_word};

use super::exporting::Exported;
use crate::private_file;

impl Exported {
    /// Writes it as a whole and durably, for its owner alone (0600). What is there already is left, unless `replace` is given;
    /// what is no ordinary file is left in any case.
    ///
    /// # Errors
    /// `usage` for a file that is there or a folder that is not, `backup-unwritable` for a disk that does not take it.
    ///
    /// ```
    /// # use evergrant_driver::settings::Settings;
    /// # use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
    /// # let here = Driver::open(settings("here")?)?;
    /// # here.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// # let passphrase = Secret::from("correct horse battery");
    /// let (backup, path) = (export(&settings("here")?, &passphrase)?, folder.path().join("backup"));
    /// backup.write_to(&path, false)?;
    /// // A backup overwrites nothing unless it is told to.
    /// assert!(backup.write_to(&path, false).is_err() && backup.write_to(&path, true).is_ok());
    /// assert_eq!(std::fs::read_to_string(path)?, backup.text);
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_to(&self, path: &Path, replace: bool) -> Result<(), Failure> {
        let whole = place_for(path, replace)?;
        let unwritable = |detail: &str| {
            let message = format!("the backup cannot be written to {}: {detail}", path.display());
            Failure::new(Code::BackupUnwritable, message).with_remedy(Remedy::EditFile {
                place: "the place of the backup: free space or make it writable, or name another file".to_owned(),
            })
        };
        let text = self.text.as_bytes();
        let temporary = private_file::temporary_beside(&whole).map_err(|fault| unwritable(&fault.to_string()))?;
        let written = private_file::write_new(&temporary, text).and_then(|()| {
            if replace {
                private_file::publish(&temporary, &whole)
            } else {
                private_file::publish_new(&temporary, &whole)
            }
        });
        written.map_err(|error| {
            // What could not be finished is of no use to anyone.
            let _ = fs::remove_file(&temporary);
            match error.kind() {
                io::ErrorKind::AlreadyExists => taken(path),
                io::ErrorKind::NotFound => no_place(path, "there is no such folder"),
                // `ErrorKind` is not ours and grows: all other kinds mean that the disk did not do it.
                _ => unwritable(&error.to_string()),
            }
        })
    }
}

/// Whether a backup could be written there, as far as can be told before anybody types a passphrase.
///
/// # Errors
/// `usage`, as [`Exported::write_to`] says it.
///
/// ```
/// use evergrant_driver::check_place;
///
/// # let folder = tempfile::tempdir()?;
/// // Before anybody types a passphrase for nothing.
/// assert!(check_place(&folder.path().join("backup"), false).is_ok());
/// assert!(check_place(&folder.path().join("no-such-folder/backup"), false).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_place(path: &Path, replace: bool) -> Result<(), Failure> {
    place_for(path, replace).map(|_| ())
}

/// The whole path of a file that may be written.
fn place_for(path: &Path, replace: bool) -> Result<PathBuf, Failure> {
    if path.file_name().is_none() {
        return Err(no_place(path, "that names no file"));
    }
    // A bare name has no folder that could be synced.
    let whole = std::path::absolute(path).map_err(|error| no_place(path, &error.to_string()))?;
    match fs::symlink_metadata(&whole) {
        Ok(found) if !found.is_file() => return Err(no_place(path, "what is there is no ordinary file")),
        Ok(_) if !replace => return Err(taken(path)),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(no_place(path, &error.to_string())),
    }
    match whole.parent() {
        Some(folder) if folder.is_dir() => Ok(whole),
        Some(_) | None => Err(no_place(path, "there is no such folder")),
    }
}

fn no_place(path: &Path, what: &str) -> Failure {
    let message = format!("the backup cannot be written to {}: {what}", path.display());
    Failure::new(Code::Usage, message).with_remedy(name_another())
}

fn taken(path: &Path) -> Failure {
    let message = format!("{} is there already, and a backup overwrites nothing", path.display());
    let word = shell_word(&path.display().to_string());
    Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
        command: format!("evergrant export --output {word} --force"),
        why: "name another file, or replace this one if it may go".to_owned(),
    })
}

fn name_another() -> Remedy {
    Remedy::Run {
        command: "evergrant export --output FILE".to_owned(),
        why: "name another file, or add `--force` to replace an ordinary one".to_owned(),
    }
}
