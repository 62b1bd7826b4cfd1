//! Whose a database is and of which version: told by its header, before any of its tables is read.

use rusqlite::Connection;

use super::trouble::Trouble;
use crate::fault::StoreFault;

/// What a database of ours says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Its `application_id`.
    pub(crate) application: u32,
    /// Its `user_version`: the newest major version that is understood, and the only one that is read.
    pub(crate) major: u32,
    /// What to say of a database that is another's.
    pub(crate) foreign: &'static str,
}

impl Form {
    /// Refuses what is not of this form, and what is of a newer major version.
    pub(crate) fn check(self, connection: &Connection, place: &str) -> Result<(), Trouble> {
        let corrupt = |detail: &str| StoreFault::Corrupt {
            place: place.to_owned(),
            detail: detail.to_owned(),
        };
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0));
        if number("application_id")? != self.application {
            return Err(corrupt(self.foreign).into());
        }
        let found = number("user_version")?;
        if found > self.major {
            return Err(StoreFault::Newer {
                place: place.to_owned(),
                found,
                known: self.major,
            }
            .into());
        }
        if found < self.major {
            return Err(corrupt("its schema has no version").into());
        }
        Ok(())
    }
}
