//! The home: the one directory that everything of evergrant's is in.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::fault::StoreFault;
use crate::{file_system, private_file};

/// A home and the places in it.
///
/// ```
/// use evergrant_driver::home::Home;
///
/// // A home of one's own, apart from that of the person who runs the program.
/// let home = Home::at("/var/lib/my-program/evergrant");
/// assert!(home.database().starts_with(home.root()) && home.history().starts_with(home.root()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
    database: PathBuf,
}

impl Home {
    /// The home at this directory, which need not exist yet.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// let home = Home::at("/data/evergrant");
    /// assert_eq!(home.database(), std::path::Path::new("/data/evergrant/evergrant.db"));
    /// ```
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self {
            database: root.join("evergrant.db"),
            root,
        }
    }

    /// The same home with its store in another file: a name within it, or an absolute path.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// let home = Home::at("/data/evergrant").with_database("/fast-disk/credentials.db".as_ref());
    /// assert_eq!(home.database(), std::path::Path::new("/fast-disk/credentials.db"));
    /// // Everything else stays where it was.
    /// assert_eq!(home.root(), std::path::Path::new("/data/evergrant"));
    /// ```
    #[must_use]
    pub fn with_database(self, database: &Path) -> Self {
        Self {
            database: self.root.join(database),
            ..self
        }
    }

    /// The directory itself.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").root(), std::path::Path::new("/data/evergrant"));
    /// ```
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The store; opened by SQLite alone, because a plain open and close of it drops SQLite's locks.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").database(), std::path::Path::new("/data/evergrant/evergrant.db"));
    /// ```
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Conversations and usage.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").history(), std::path::Path::new("/data/evergrant/history.db"));
    /// ```
    pub fn history(&self) -> PathBuf {
        self.root.join("history.db")
    }

    /// The key that seals the store.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// // A backup of the store without this file opens nothing.
    /// assert_eq!(Home::at("/data/evergrant").key(), std::path::Path::new("/data/evergrant/key"));
    /// ```
    pub fn key(&self) -> PathBuf {
        self.root.join("key")
    }

    /// The user's configuration.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").configuration(), std::path::Path::new("/data/evergrant/config.toml"));
    /// ```
    pub fn configuration(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The user's provider rows.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").providers(), std::path::Path::new("/data/evergrant/providers.d"));
    /// ```
    pub fn providers(&self) -> PathBuf {
        self.root.join("providers.d")
    }

    /// Lock files, their sidecars, and journals.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").locks(), std::path::Path::new("/data/evergrant/locks"));
    /// ```
    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// What running processes tell each other.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").run(), std::path::Path::new("/data/evergrant/run"));
    /// ```
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Log files.
    ///
    /// ```
    /// use evergrant_driver::home::Home;
    ///
    /// assert_eq!(Home::at("/data/evergrant").log(), std::path::Path::new("/data/evergrant/log"));
    /// ```
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Makes what is missing of the directories, and checks them. Hidden from the docs: opening the home does it.
    #[doc(hidden)]
    pub fn create(&self) -> Result<(), StoreFault> {
        for directory in [self.root.clone(), self.locks(), self.run(), self.log()] {
            if directory.is_dir() {
                continue;
            }
            private_file::create_directory(&directory)
                .and_then(|()| private_file::sync_directory_of(&directory))
                .map_err(|error| match StoreFault::from_io(&directory, "making it", &error) {
                    // A parent that is missing although parents are made: not a store that is missing.
                    StoreFault::Missing { place } => StoreFault::Unwritable {
                        place,
                        detail: format!("making it: {error}"),
                    },
                    fault => fault,
                })?;
        }
        self.check()
    }

    /// Refuses a home that is missing, reachable by others, not ours, or on a network file system. Hidden from the docs: opening the home
    /// does it.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), StoreFault> {
        private_file::check_directory(&self.root)?;
        file_system::check(&self.root)?;
        match self.database.parent() {
            Some(directory) if directory != self.root => file_system::check(directory),
            Some(_) | None => Ok(()),
        }
    }

    /// Does something that only one process may do at a time, such as making the key and the store.
    pub(crate) fn alone<T>(&self, work: impl FnOnce() -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        let path = self.locks().join("home.lock");
        let file =
            private_file::open_or_create(&path).map_err(|error| StoreFault::from_io(&path, "opening it", &error))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(std::fs::TryLockError::Error(error)) => {
                    return Err(StoreFault::from_io(&path, "locking it", &error));
                }
                Err(std::fs::TryLockError::WouldBlock) if start.elapsed() > PATIENCE => {
                    return Err(StoreFault::Locked {
                        place: path.display().to_string(),
                    });
                }
                Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(POLL),
            }
        }
        // The lock ends when `file` is closed, here or by the death of the process.
        work()
    }
}

/// 10 s, as SQLite is given: what is done alone takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// 10 ms: someone waits in front of a screen, and it happens once in a home's life.
const POLL: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_made_once_and_for_us_alone() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("deep/home"));
        assert!(matches!(home.check(), Err(StoreFault::Missing { .. })));
        home.create().unwrap();
        home.create().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for made in [home.root().to_owned(), home.locks(), home.run(), home.log()] {
                assert_eq!(std::fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
            }
        }
    }

    #[test]
    fn a_file_in_place_of_the_home_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home");
        std::fs::write(&path, "").unwrap();
        assert!(Home::at(&path).create().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_home_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("home"));
        home.create().unwrap();
        std::fs::set_permissions(home.root(), std::fs::Permissions::from_mode(0o750)).unwrap();
        let Err(StoreFault::Permission { fix, .. }) = home.check() else {
            panic!("0750 was accepted");
        };
        assert!(fix.starts_with("chmod 700 "), "{fix}");
    }

    #[test]
    fn a_database_may_lie_elsewhere() {
        let home = Home::at("/h");
        assert_eq!(
            home.clone().with_database(Path::new("a.db")).database(),
            Path::new("/h/a.db")
        );
        assert_eq!(
            home.with_database(Path::new("/x/a.db")).database(),
            Path::new("/x/a.db")
        );
    }
}
