//! Reading a history offline: nothing is made, and nothing written.

use evergrant_engine::failure::Failure;
use rusqlite::Connection;

use super::fault::failure;
use super::schema;
use crate::home::Home;
use crate::private_file;
use crate::store::{Trouble, reader};

/// Does something with the history of a home; without one, it is this.
pub(super) fn reading<T>(
    home: &Home,
    without: T,
    work: impl FnOnce(&Connection) -> Result<T, Trouble>,
) -> Result<T, Failure> {
    let path = home.history();
    if !home.root().exists() || !private_file::check_file(&path).map_err(|fault| failure(fault, &path))? {
        return Ok(without);
    }
    let place = path.display().to_string();
    let inner = || -> Result<T, Trouble> {
        let connection = reader(&path)?;
        schema::check(&connection, &place)?;
        work(&connection)
    };
    inner().map_err(|trouble| failure(trouble.at(&place), &path))
}
