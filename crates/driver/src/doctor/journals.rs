//! Answers of renewals that were received and not committed yet: whoever opens the store to write finishes them.

use evergrant_engine::credential::CredentialId;
use evergrant_engine::remedy::Remedy;

use super::finding::Finding;
use super::shell::{run, word};
use crate::account::Account;
use crate::home::Home;
use crate::store::{FoundJournal, LockName, Store, find_journal, journal_path, journals};
use crate::vault::Vault;

/// Each journal that stands and that nobody is about to finish.
pub(super) fn findings(home: &Home, vault: &Vault, store: &dyn Store, accounts: &[Account]) -> Vec<Finding> {
    let ids = journals(home).unwrap_or_default();
    let standing = ids.iter().filter(|id| {
        let name = LockName::Credential((*id).clone());
        !matches!(store.holder(&name), Ok(Some(holder)) if !holder.stopped)
    });
    let mut findings: Vec<Finding> = standing.filter_map(|id| one(home, vault, id, accounts)).collect();
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "no renewal was cut off"));
    }
    findings
}

fn one(home: &Home, vault: &Vault, id: &CredentialId, accounts: &[Account]) -> Option<Finding> {
    let account = accounts.iter().find(|account| account.id == *id);
    let whose = account.map_or_else(
        || id.to_string(),
        |account| format!("{}/{}", account.provider, account.label),
    );
    let path = journal_path(home, id);
    let finish = match account {
        Some(account) => run(
            format!("evergrant priority {id} {}", account.priority),
            "whatever opens the store to write finishes it, such as this, which changes nothing else",
        ),
        None => run(
            format!("rm -f {}", word(&path)),
            "remove it: it belongs to no credential",
        ),
    };
    match find_journal(home, vault, id) {
        // Who can reach it is told of with the permissions.
        Ok(FoundJournal::Nothing) | Err(_) => None,
        Ok(FoundJournal::Room) => {
            let message = format!("a renewal of {whose} was cut off before its answer came");
            Some(Finding::warn(CHECK, message, finish))
        }
        Ok(FoundJournal::Newer(_)) => {
            let message = format!(
                "a newer evergrant left a renewed token of {whose} in {}, which this one cannot read",
                path.display()
            );
            let remedy = Remedy::EditFile {
                place: "the installation: update evergrant".to_owned(),
            };
            Some(Finding::fault(CHECK, message, remedy))
        }
        Ok(FoundJournal::Answer(_)) => {
            let message = format!("a renewed token of {whose} waits in {} to be committed", path.display());
            Some(Finding::warn(CHECK, message, finish))
        }
    }
}

const CHECK: &str = "journals";
