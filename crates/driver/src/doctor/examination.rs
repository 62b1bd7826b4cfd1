//! All checks in their order, apart from whoever asks, so that neither a hang nor a panic in one of them is theirs.

use std::fs;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::Record;

use super::finding::{Finding, Level};
use super::{
    clock, configuration, credentials, gateway, home, journals, key, locks, network, permissions, revocations, store,
};
use crate::account::Account;
use crate::clock::{Clock, SystemClock};
use crate::import::as_their_owners_have_them;
use crate::revocation::PendingRevocation;
use crate::settings::{Examined, Settings};
use crate::store::{Store, StoreFault};
use crate::unanswered::as_they_stand;
use crate::vault::Vault;

/// Checks a home offline: nothing is sent, renewed or written. A check that fails does not end the others.
///
/// ```
/// use evergrant_driver::doctor;
/// use evergrant_driver::doctor::Level;
/// use evergrant_driver::settings::Settings;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let home = folder.path().join("home");
/// let findings = doctor(&Settings::examine(Some(home.clone()), [])?);
/// assert!(findings.iter().all(|finding| finding.level != Level::Fault) && !home.exists());
/// # Ok(())
/// # }
/// ```
pub fn doctor(examined: &Examined) -> Vec<Finding> {
    let (told, listens) = channel();
    let examined = examined.clone();
    let began = std::thread::Builder::new().name("doctor".to_owned()).spawn(move || {
        Examination { told }.look(&examined);
    });
    match began {
        Ok(_) => collect(&listens),
        Err(error) => vec![broken(&format!("its thread could not be started: {error}"))],
    }
}

/// What the examination says while it goes on.
enum News {
    /// It turns to this.
    Looks(&'static str),
    /// It found this.
    Found(Vec<Finding>),
    /// It is through.
    Done,
}

fn collect(listens: &Receiver<News>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut at = "the files";
    loop {
        match listens.recv_timeout(PATIENCE) {
            Ok(News::Looks(what)) => at = what,
            Ok(News::Found(more)) => findings.extend(more),
            Ok(News::Done) => break,
            Err(RecvTimeoutError::Timeout) => {
                findings.push(broken(&format!(
                    "looking at {at} did not end within {} s",
                    PATIENCE.as_secs()
                )));
                break;
            }
            Err(RecvTimeoutError::Disconnected) => {
                findings.push(broken(&format!("looking at {at} ended before it was done")));
                break;
            }
        }
    }
    once(findings)
}

/// What two checks found alike is told once.
fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let again = |other: &Finding| other.message == finding.message && other.remedy == finding.remedy;
        if finding.level == Level::Ok || !told.iter().any(again) {
            told.push(finding);
        }
    }
    told
}

fn broken(what: &str) -> Finding {
    Finding::fault("doctor", what, Remedy::Report)
}

struct Examination {
    told: Sender<News>,
}

impl Examination {
    /// Whoever asked may have gone.
    fn tell(&self, news: News) {
        let _ = self.told.send(news);
    }

    fn look(&self, examined: &Examined) {
        self.everything(examined);
        self.tell(News::Done);
    }

    fn everything(&self, examined: &Examined) {
        let settings = &examined.settings;
        self.found(configuration::findings(examined));
        self.tell(News::Looks("proxies and certificates"));
        self.found(network::findings(settings));
        self.tell(News::Looks("the home"));
        let (findings, open) = home::findings(&settings.home);
        self.found(findings);
        if !open {
            return;
        }
        self.found(permissions::findings(&settings.home));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            self.tell(News::Looks("the file system"));
            self.found(super::disk::findings(&settings.home));
        }
        self.found(vec![gateway::finding(&settings.home)]);
        self.tell(News::Looks("the store"));
        self.store(settings);
    }

    fn found(&self, findings: Vec<Finding>) {
        self.tell(News::Found(findings));
    }

    fn store(&self, settings: &Settings) {
        let home = &settings.home;
        if fs::symlink_metadata(home.database()).is_err() {
            self.found(vec![store::not_yet(home.database())]);
            return;
        }
        let unlocked = Vault::examine(home, &settings.key);
        let vault = match unlocked {
            Ok(vault) => vault,
            Err(fault) => {
                self.found(vec![key::finding(settings, fault)]);
                return;
            }
        };
        let read = store::look(home, &vault).and_then(|store| {
            let records = as_their_owners_have_them(as_they_stand(&*store, store.records()?)?);
            Ok((store, records))
        });
        match read {
            Err(fault) if store::is_of_key(&fault) => self.found(vec![key::finding(settings, fault)]),
            Err(fault) => self.found(vec![key_opens(&vault), store::finding(home, fault)]),
            Ok((store, records)) => {
                self.found(vec![key_opens(&vault)]);
                if let Err(fault) = self.contents(settings, &vault, &*store, &records) {
                    self.found(vec![store::finding(home, fault)]);
                }
            }
        }
    }

    /// What the store says of itself, of the clock, of locks, and of each credential.
    fn contents(
        &self,
        settings: &Settings,
        vault: &Vault,
        store: &dyn Store,
        records: &[Record],
    ) -> Result<(), StoreFault> {
        let (home, now) = (&settings.home, SystemClock::new().now());
        let living: Vec<(&Record, Account)> = records
            .iter()
            .map(|record| (record, Account::of(record, &settings.table, settings, &now)))
            .filter(|(_, account)| account.health != "logged-out")
            .collect();
        let accounts: Vec<Account> = living.iter().map(|(_, account)| account.clone()).collect();
        self.found(vec![store::sound(home, accounts.len()), clock::finding(records, &now)]);
        self.tell(News::Looks("locks and journals"));
        self.found(locks::findings(home, |id| {
            let named = accounts.iter().find(|account| account.id.as_str() == id);
            named.map_or_else(
                || id.to_owned(),
                |account| format!("{}/{}", account.provider, account.label),
            )
        }));
        self.found(journals::findings(home, vault, store, &accounts));
        self.tell(News::Looks("the credentials"));
        self.found(
            living
                .iter()
                .map(|(record, account)| credentials::finding(record, account, &settings.table))
                .collect(),
        );
        let waiting = store.revocations()?;
        self.found(
            waiting
                .iter()
                .map(|one| revocations::finding(&PendingRevocation::of(one)))
                .collect(),
        );
        Ok(())
    }
}

fn key_opens(vault: &Vault) -> Finding {
    Finding::ok("key", format!("the store's key comes from {}", vault.origin()))
}

/// 30 s: SQLite itself waits 10 s for another process, and nothing else takes a second.
const PATIENCE: Duration = Duration::from_secs(30);
