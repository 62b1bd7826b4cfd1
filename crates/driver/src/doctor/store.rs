//! The store: whether it opens, and what can be done with one that does not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evergrant_engine::failure::Code;

use super::finding::Finding;
use super::shell::{run, word};
use crate::fault::StoreFault;
use crate::home::Home;
use crate::store::{Mode, SqliteStore, Store, journal_path, journals};
use crate::vault::Vault;

/// Opens the store to look at it.
pub(super) fn look(home: &Home, vault: &Vault) -> Result<Arc<dyn Store>, StoreFault> {
    Ok(Arc::new(SqliteStore::open(home, vault, Mode::Examine)?))
}

/// Whether this key opens the store.
pub(super) fn opens(home: &Home, vault: &Vault) -> bool {
    look(home, vault).is_ok()
}

/// A store that cannot be used, with what can be done.
pub(super) fn finding(home: &Home, fault: StoreFault) -> Finding {
    let remedy = match &fault {
        StoreFault::Corrupt { .. } => Some(run(
            aside(home, Vec::new()),
            "put a backup back if there is one; else set the store aside and log in again",
        )),
        StoreFault::Missing { .. }
        | StoreFault::Undecryptable { .. }
        | StoreFault::Locked { .. }
        | StoreFault::Permission { .. }
        | StoreFault::Newer { .. }
        | StoreFault::Unwritable { .. }
        | StoreFault::Network { .. }
        | StoreFault::LabelTaken { .. }
        | StoreFault::Changed
        | StoreFault::NoRecord(_) => None,
    };
    let finding = Finding::of_store(CHECK, fault);
    Finding {
        remedy: remedy.or(finding.remedy),
        ..finding
    }
}

/// That there is none, which is no fault.
pub(super) fn not_yet(path: &Path) -> Finding {
    let message = format!("there is no store at {} yet: the first login makes it", path.display());
    Finding::ok(CHECK, message)
}

/// That it can be read.
pub(super) fn sound(home: &Home, credentials: usize) -> Finding {
    let message = format!(
        "{} can be read, credentials in it: {credentials}",
        home.database().display()
    );
    Finding::ok(CHECK, message)
}

/// The command that takes the store away, with all that belongs to it, into a directory of the home.
pub(super) fn aside(home: &Home, also: Vec<PathBuf>) -> String {
    let mut files: Vec<PathBuf> = ["", "-wal", "-shm"]
        .iter()
        .map(|ending| {
            let mut name = home.database().as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        })
        .collect();
    // An answer in a journal is sealed under the same key, and whoever made a new store would take it for room.
    files.extend(
        journals(home)
            .unwrap_or_default()
            .iter()
            .map(|id| journal_path(home, id)),
    );
    files.extend(also);
    let files: Vec<String> = files
        .iter()
        .filter(|path| fs::symlink_metadata(path).is_ok())
        .map(|path| word(path))
        .collect();
    let place = (1..PLACES_MAX)
        .map(|number| home.root().join(format!("aside-{number}")))
        .find(|place| fs::symlink_metadata(place).is_err())
        .unwrap_or_else(|| home.root().join("aside"));
    format!("mkdir -m 700 {0} && mv {1} {0}/", word(&place), files.join(" "))
}

/// Whether a fault means that the key is another one.
pub(super) fn is_of_key(fault: &StoreFault) -> bool {
    evergrant_engine::failure::Failure::from(fault.clone()).code == Code::StoreUndecryptable
}

const CHECK: &str = "store";

/// Nobody sets as many stores aside.
const PLACES_MAX: u32 = 1_000;
