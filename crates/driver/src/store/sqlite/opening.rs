//! Opens the store of a home, and makes it where that is asked for.

use std::fs;
use std::io;
use std::path::Path;

use evergrant_engine::secret::FingerprintKey;
use rusqlite::{Connection, OpenFlags};

use super::trouble::Trouble;
use super::{connection, schema};
use crate::fault::StoreFault;
use crate::home::Home;
use crate::private_file;
use crate::vault::Vault;

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To look: nothing is written, not even by closing.
    ReadOnly,
    /// To look, whoever else can reach it: that is told apart from what is in it.
    Examine,
    /// To use one that is there.
    ReadWrite,
    /// To use it, and to make it if there is none.
    Create,
}

/// What an opened store consists of.
pub(super) struct Opened {
    pub(super) reader: Connection,
    pub(super) writer: Option<Connection>,
    pub(super) fingerprint_key: FingerprintKey,
}

/// Opens the database of a home that has been checked; everything is proven readable before anything could be written.
pub(super) fn open(home: &Home, vault: &Vault, mode: Mode, place: &str) -> Result<Opened, StoreFault> {
    let path = home.database();
    if !is_there(path, mode)? {
        match mode {
            Mode::ReadOnly | Mode::Examine | Mode::ReadWrite => {
                return Err(StoreFault::Missing {
                    place: place.to_owned(),
                });
            }
            Mode::Create => make(home, vault, place)?,
        }
    }
    let inner = || -> Result<Opened, Trouble> {
        let reader = connection::reader(path)?;
        schema::check(&reader, place)?;
        let fingerprint_key = schema::fingerprint_key(&reader, vault, place)?;
        let writer = match mode {
            Mode::ReadOnly | Mode::Examine => None,
            Mode::ReadWrite | Mode::Create => {
                let mut writer = connection::writer(path)?;
                schema::complete(&mut writer)?;
                Some(writer)
            }
        };
        Ok(Opened {
            reader,
            writer,
            fingerprint_key,
        })
    };
    inner().map_err(|trouble| trouble.at(place))
}

/// Looks at the file's name only: a plain open and close of the file would drop SQLite's locks on it.
fn is_there(path: &Path, mode: Mode) -> Result<bool, StoreFault> {
    let checked = match mode {
        Mode::Examine => private_file::check_kind(path)?,
        Mode::ReadOnly | Mode::ReadWrite | Mode::Create => private_file::check_file(path)?,
    };
    if !checked {
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

/// Makes the database under another name and gives it its own when it is whole, so that a crash leaves none or all.
fn make(home: &Home, vault: &Vault, place: &str) -> Result<(), StoreFault> {
    let path = home.database();
    home.alone(|| {
        if is_there(path, Mode::Create)? {
            return Ok(());
        }
        // What an older database left would be replayed into the new one.
        private_file::remove(&connection::log_of(path))?;
        private_file::remove(&connection::index_of(path))?;
        let temporary = private_file::temporary_beside(path)?;
        let made = fill(&temporary, vault, place).and_then(|()| {
            private_file::publish(&temporary, path).map_err(|error| StoreFault::from_io(path, "naming it", &error))
        });
        if made.is_err() {
            for left in [
                temporary.clone(),
                connection::log_of(&temporary),
                connection::index_of(&temporary),
            ] {
                // The first fault is the one to tell of.
                let _ = private_file::remove(&left);
            }
        }
        made
    })
}

fn fill(temporary: &Path, vault: &Vault, place: &str) -> Result<(), StoreFault> {
    // Made by us and not by SQLite, so that it is ours alone from its first moment.
    private_file::create_new(temporary).map_err(|error| StoreFault::from_io(temporary, "making it", &error))?;
    let inner = || -> Result<(), Trouble> {
        let mut connection = Connection::open_with_flags(temporary, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "fullfsync", true)?;
        schema::create(&mut connection, vault)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.close().map_err(|(_, error)| Trouble::from(error))
    };
    inner().map_err(|trouble| trouble.at(place))
}
