//! Where the lines go: stdout, or a file that is opened again when it is told to.

#[cfg(unix)]
use std::fs::Permissions;
use std::fs::{File, OpenOptions};
use std::io::{self, Stdout, Write};
use std::path::{Path, PathBuf};

/// Where the lines go.
#[derive(Debug)]
pub(super) enum Place {
    /// stdout
    Stdout(Stdout),
    /// A file, and its path.
    File(File, PathBuf),
}

impl Place {
    /// The file, which is made if there is none; without one it is stdout.
    pub(super) fn open(file: Option<&Path>) -> io::Result<Self> {
        match file {
            None => Ok(Self::Stdout(io::stdout())),
            Some(path) => Ok(Self::File(appended(path)?, path.to_owned())),
        }
    }

    /// Opens the file again by its name, after it was moved away; until that succeeds the old one is written on.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(_) => {}
            Self::File(file, path) => *file = appended(path)?,
        }
        Ok(())
    }

    /// Writes whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => {
                let mut stdout = stdout.lock();
                stdout.write_all(lines)?;
                stdout.flush()
            }
            Self::File(file, _) => file.write_all(lines),
        }
    }
}

fn appended(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    close_to_others(&file)?;
    Ok(file)
}

/// A file that was there before may be open to others, who would read who asks what. What is no file has no modes of its own.
#[cfg(unix)]
fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = file.metadata()?;
    if !found.is_file() || found.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(found.permissions().mode() & 0o700))
        .map_err(|error| {
            let message = format!("others can read it, and that cannot be changed ({error}): `chmod 600` it");
            io::Error::new(error.kind(), message)
        })
}

#[cfg(not(unix))]
fn close_to_others(_: &File) -> io::Result<()> {
    Ok(())
}
