//! Counts as SQLite keeps them: integers of 63 bits.

use crate::store::wire::Unreadable;

/// A count as a column takes it.
pub(super) fn to_column(count: u64) -> Result<i64, Unreadable> {
    i64::try_from(count).map_err(|_| Unreadable("number"))
}

/// The count of a column.
pub(super) fn from_column(number: i64) -> Result<u64, Unreadable> {
    u64::try_from(number).map_err(|_| Unreadable("number"))
}
