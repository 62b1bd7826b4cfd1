//! The key that the store is sealed under: whether it is there, and whether it is the right one.

use std::fs;
use std::path::{Path, PathBuf};

use evergrant_engine::remedy::Remedy;

use super::finding::Finding;
use super::shell::{run, word};
use super::store::{aside, opens};
use crate::fault::StoreFault;
use crate::private_file;
use crate::settings::Settings;
use crate::vault::{KeySource, Vault};

/// A key that does not open the store, with what does.
pub(super) fn finding(settings: &Settings, fault: StoreFault) -> Finding {
    let remedy = match &settings.key {
        KeySource::File => Some(of_file(settings)),
        KeySource::Environment { name, .. } => Some(run(
            format!("read -rsp '{name}: ' {name} && export {name}"),
            format!("give `{name}` the key that the store was sealed under"),
        )),
        KeySource::Passphrase(None) => Some(run(
            "evergrant doctor",
            "run it on a terminal, where the passphrase can be asked for",
        )),
        KeySource::Passphrase(Some(_)) => Some(run("evergrant doctor", "give the passphrase once more")),
        KeySource::Keyring => Some(run(
            format!(
                "sed -i.bak 's/^key *= *\"keyring\"/key = \"file\"/' {}",
                word(&settings.home.configuration())
            ),
            "keep the key in a file",
        )),
    };
    let finding = Finding::of_store(CHECK, fault);
    Finding {
        remedy: remedy.or(finding.remedy),
        ..finding
    }
}

/// Another copy of the key, if one is found to open the store; else nothing in it can be read any more.
fn of_file(settings: &Settings) -> Remedy {
    let key = settings.home.key();
    let in_the_way = fs::symlink_metadata(&key).is_ok();
    if let Some(spare) = spare(settings) {
        let first = if in_the_way {
            format!("{} && ", private_file::set_aside(&key))
        } else {
            String::new()
        };
        return run(
            format!("{first}install -m 600 {} {}", word(&spare), word(&key)),
            format!("{} is the key that opens it", spare.display()),
        );
    }
    let with_it = if in_the_way { vec![key] } else { Vec::new() };
    run(
        aside(&settings.home, with_it),
        "put the key back if there is a copy of it anywhere; without it nothing in the store can be read: set it aside and log in again",
    )
}

/// A file beside the key that opens the store.
fn spare(settings: &Settings) -> Option<PathBuf> {
    let root = settings.home.root();
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_copy(path)).collect();
    files.sort();
    files
        .into_iter()
        .take(SPARES_MAX)
        .find(|path| Vault::of_file(path).is_some_and(|vault| opens(&settings.home, &vault)))
}

/// Whether a file is called like a copy of the key: `key.bak`, `key.aside`, `key~`, `old-key`.
fn is_copy(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name != "key" && name.contains("key")
}

const CHECK: &str = "key";

/// A limit on the search, each try of which opens the store.
const SPARES_MAX: usize = 20;
