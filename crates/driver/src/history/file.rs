//! The file of the history: made once, ours alone, opened as the grant store is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use evergrant_engine::failure::Failure;
use rusqlite::{Connection, OpenFlags};

use super::fault::failure;
use super::schema;
use crate::fault::StoreFault;
use crate::home::Home;
use crate::private_file;
use crate::store::{Trouble, index_of, log_of, writer};

/// The conversations of a home. Its calls block, each for a few milliseconds.
///
/// ```
/// use evergrant_driver::history::History;
/// use evergrant_driver::home::Home;
///
/// # let folder = tempfile::tempdir()?;
/// let home = Home::at(folder.path().join("home"));
/// assert!(History::open(&home)?.conversations(10)?.is_empty());
/// // It is a file of its own: no credential is touched by it.
/// assert!(home.history().exists() && !home.database().exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct History {
    pub(super) connection: Mutex<Connection>,
    path: PathBuf,
}

impl History {
    /// Opens the history of a home, making it if there is none.
    ///
    /// # Errors
    /// One that is damaged, newer, or open to others; the grant store is not concerned.
    ///
    /// ```
    /// use evergrant_driver::Code;
    /// use evergrant_driver::history::History;
    /// use evergrant_driver::home::Home;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let home = Home::at(folder.path().join("home"));
    /// drop(History::open(&home)?);
    /// std::fs::write(home.history(), "this is no history")?;
    /// let failure = History::open(&home).expect_err("it is damaged");
    /// assert_eq!(failure.code, Code::StoreCorrupt);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(home: &Home) -> Result<Self, Failure> {
        let path = home.history();
        let connection = opened(home, &path).map_err(|fault| failure(fault, &path))?;
        Ok(Self {
            connection: Mutex::new(connection),
            path,
        })
    }

    /// Does something with the file; trouble is told in the history's words.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Trouble>) -> Result<T, Failure> {
        let mut connection = self.lock();
        let place = self.path.display().to_string();
        work(&mut connection).map_err(|trouble| failure(trouble.at(&place), &self.path))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn opened(home: &Home, path: &Path) -> Result<Connection, StoreFault> {
    home.create()?;
    if !is_there(path)? {
        make(home, path)?;
    }
    let place = path.display().to_string();
    let inner = || -> Result<Connection, Trouble> {
        let looked_at = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::check(&looked_at, &place)?;
        let mut connection = writer(path)?;
        schema::complete(&mut connection)?;
        Ok(connection)
    };
    inner().map_err(|trouble| trouble.at(&place))
}

/// Looks at the file's name only: a plain open and close of the file would drop SQLite's locks on it.
fn is_there(path: &Path) -> Result<bool, StoreFault> {
    if !private_file::check_file(path)? {
        return Ok(false);
    }
    match fs::symlink_metadata(path) {
        // SQLite would take this for a new database, and throw the log beside it away.
        Ok(found) if found.len() == 0 => Err(StoreFault::Corrupt {
            place: path.display().to_string(),
            detail: "the file is empty".to_owned(),
        }),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreFault::from_io(path, "looking at it", &error)),
    }
}

/// Makes it under another name and gives it its own when it is whole, so that a crash leaves none or all.
fn make(home: &Home, path: &Path) -> Result<(), StoreFault> {
    home.alone(|| {
        if is_there(path)? {
            return Ok(());
        }
        // What an older file left would be replayed into the new one.
        private_file::remove(&log_of(path))?;
        private_file::remove(&index_of(path))?;
        let temporary = private_file::temporary_beside(path)?;
        let made = fill(&temporary).and_then(|()| {
            private_file::publish(&temporary, path).map_err(|error| StoreFault::from_io(path, "naming it", &error))
        });
        if made.is_err() {
            for left in [temporary.clone(), log_of(&temporary), index_of(&temporary)] {
                // The first fault is the one to tell of.
                let _ = private_file::remove(&left);
            }
        }
        made
    })
}

fn fill(temporary: &Path) -> Result<(), StoreFault> {
    // Made by us and not by SQLite, so that it is ours alone from its first moment.
    private_file::create_new(temporary).map_err(|error| StoreFault::from_io(temporary, "making it", &error))?;
    let inner = || -> Result<(), Trouble> {
        let mut connection = Connection::open_with_flags(temporary, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "fullfsync", true)?;
        schema::create(&mut connection)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.close().map_err(|(_, error)| Trouble::from(error))
    };
    inner().map_err(|trouble| trouble.at(&temporary.display().to_string()))
}
