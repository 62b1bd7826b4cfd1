//! Connections to the database file, and what each is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::trouble::Trouble;

/// A connection that reads, and whose closing never touches the database file.
///
/// Beside a log that another process left, SQLite wants a shared index and makes it where it may. Where the directory
/// forbids that and there is no log, the file itself is all there is, and it is read as it is now.
pub(crate) fn reader(path: &Path) -> Result<Connection, Trouble> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | PLAIN)?;
    prepare(&connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    match probe(&connection) {
        Ok(()) => Ok(connection),
        Err(error) if cannot_share(&error) && !has_log(path) && is_closed(path) => {
            let frozen = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | PLAIN;
            let connection = Connection::open_with_flags(frozen_uri(path), frozen)?;
            prepare(&connection)?;
            probe(&connection)?;
            Ok(connection)
        }
        Err(error) => Err(error.into()),
    }
}

/// A connection that writes, durably.
pub(crate) fn writer(path: &Path) -> Result<Connection, Trouble> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | PLAIN)?;
    prepare(&connection)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    Ok(connection)
}

/// The path of the log beside the database.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// The path of the shared index beside the database.
pub(crate) fn index_of(path: &Path) -> PathBuf {
    beside(path, "-shm")
}

fn prepare(connection: &Connection) -> Result<(), Trouble> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

/// The first read, which is what opens the file.
fn probe(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_query_value(None, "schema_version", |row| row.get::<_, u32>(0))?;
    Ok(())
}

fn cannot_share(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly)
    )
}

/// Whether nobody like us may make files beside it: else the trouble is a passing one, and a frozen view would miss writes.
#[cfg(unix)]
fn is_closed(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let directory = path.parent().unwrap_or(path);
    accessat(CWD, directory, Access::WRITE_OK, AtFlags::EACCESS).is_err()
}

/// Elsewhere it cannot be told, and no frozen view is taken.
#[cfg(not(unix))]
fn is_closed(_path: &Path) -> bool {
    false
}

fn has_log(path: &Path) -> bool {
    fs::symlink_metadata(log_of(path)).is_ok_and(|log| log.len() > 0)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A `file:` URI of the path with `immutable`, which asks for no lock and no index.
fn frozen_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b':' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// One connection is used by one thread at a time, behind our own lock.
const PLAIN: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

/// 10 s: a transaction of ours takes milliseconds, so whoever waits longer meets a stopped process.
const PATIENCE: Duration = Duration::from_secs(10);
