//! Opens the store of a home in one call: directories, key, database.

use std::sync::Arc;

use super::contract::Store;
use super::sqlite::{Mode, SqliteStore};
use crate::fault::StoreFault;
use crate::home::Home;
use crate::vault::{KeySource, Vault};

/// Opens the store of a home with the key from this source; `Mode::Create` makes what is missing of home, key and store.
pub fn open(home: &Home, key: &KeySource, mode: Mode) -> Result<Arc<dyn Store>, StoreFault> {
    let vault = match mode {
        Mode::ReadOnly | Mode::ReadWrite => Vault::unlock(home, key)?,
        Mode::Examine => Vault::examine(home, key)?,
        Mode::Create => Vault::create(home, key)?,
    };
    Ok(Arc::new(SqliteStore::open(home, &vault, mode)?))
}
