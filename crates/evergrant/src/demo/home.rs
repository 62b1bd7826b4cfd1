//! A home that exists for as long as the demonstration.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use evergrant_driver::entropy::random;
use evergrant_driver::{Code, Failure};

/// A directory of our own below the system's temporary one; dropping it removes it with everything in it.
#[derive(Debug)]
pub(super) struct TemporaryHome {
    root: PathBuf,
}

impl TemporaryHome {
    /// Makes it, for us alone; a directory that is there already is never taken over.
    ///
    /// # Errors
    /// A temporary directory that cannot be written.
    pub(super) fn make() -> Result<Self, Failure> {
        let name = u64::from_le_bytes(random::<8>()?);
        let root = std::env::temp_dir().join(format!("evergrant-demo-{name:016x}"));
        private(&root).map_err(|error| unwritable(&root, &error))?;
        Ok(Self { root })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.root
    }

    /// Writes a provider's row.
    ///
    /// # Errors
    /// A disk that is full.
    pub(super) fn add_row(&self, id: &str, row: &str) -> Result<(), Failure> {
        let directory = self.root.join("providers.d");
        private(&directory).map_err(|error| unwritable(&directory, &error))?;
        let file = directory.join(format!("{id}.toml"));
        fs::write(&file, row).map_err(|error| unwritable(&file, &error))
    }
}

impl Drop for TemporaryHome {
    fn drop(&mut self) {
        // A thread that is still ending may make a file between our look and our removal.
        for _ in 0..REMOVAL_TRIES {
            match fs::remove_dir_all(&self.root) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => std::thread::sleep(REMOVAL_PAUSE),
                Ok(()) | Err(_) => return,
            }
        }
        tracing::warn!(home = %self.root.display(), "the temporary home could not be removed");
    }
}

fn private(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(directory)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Code::StoreUnwritable,
        format!("`{}` cannot be written: {error}", path.display()),
    )
}

/// 50 tries of 20 ms are a second: longer than any thread of ours needs to end.
const REMOVAL_TRIES: u32 = 50;

/// As above.
const REMOVAL_PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ours_alone_and_leaves_nothing() {
        let home = TemporaryHome::make().unwrap();
        home.add_row("acme", "id = \"acme\"\n").unwrap();
        let root = home.path().to_owned();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
        }
        drop(home);
        assert!(!root.exists());
    }
}
