//! What goes wrong inside a call to SQLite, told apart by what SQLite says.

use rusqlite::ErrorCode;

use crate::entropy::NoEntropy;
use crate::fault::StoreFault;
use crate::store::wire::Unreadable;

/// Trouble inside a call, before it is known which store it befell.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// A column does not read as what it should be.
    Unreadable(Unreadable),
    /// There was no randomness for a nonce.
    NoEntropy(NoEntropy),
    /// An answer of the contract.
    Fault(StoreFault),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}

impl From<NoEntropy> for Trouble {
    fn from(error: NoEntropy) -> Self {
        Self::NoEntropy(error)
    }
}

impl From<StoreFault> for Trouble {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault)
    }
}

impl Trouble {
    /// The fault of the store at `place`.
    pub(crate) fn at(self, place: &str) -> StoreFault {
        let place = place.to_owned();
        match self {
            Self::Fault(fault) => fault,
            Self::Unreadable(Unreadable(what)) => StoreFault::Corrupt {
                place,
                detail: format!("the {what} of a row does not read"),
            },
            Self::NoEntropy(error) => StoreFault::Unwritable {
                place,
                detail: error.to_string(),
            },
            Self::Sqlite(error) => of_sqlite(place, &error),
        }
    }
}

fn of_sqlite(place: String, error: &rusqlite::Error) -> StoreFault {
    let detail = error.to_string();
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        // Everything else is a row that is not as the schema says.
        return StoreFault::Corrupt { place, detail };
    };
    if CORRUPT_READS.contains(&failure.extended_code) {
        return StoreFault::Corrupt { place, detail };
    }
    // `ErrorCode` is not ours and grows.
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            StoreFault::Locked { place }
        }
        ErrorCode::PermissionDenied => StoreFault::Permission {
            fix: format!("chmod u+rw {}", evergrant_engine::remedy::shell_word(&place)),
            detail,
            place,
        },
        ErrorCode::DiskFull
        | ErrorCode::ReadOnly
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::OutOfMemory
        | ErrorCode::TooBig
        | ErrorCode::NoLargeFileSupport
        | ErrorCode::OperationInterrupted
        | ErrorCode::OperationAborted => StoreFault::Unwritable { place, detail },
        // Not a database, malformed, a missing table or column, a broken constraint: not what we wrote.
        _ => StoreFault::Corrupt { place, detail },
    }
}

/// Reads that end too early, or that the file system itself calls damaged.
const CORRUPT_READS: [std::ffi::c_int; 2] = [
    rusqlite::ffi::SQLITE_IOERR_SHORT_READ,
    rusqlite::ffi::SQLITE_IOERR_CORRUPTFS,
];
