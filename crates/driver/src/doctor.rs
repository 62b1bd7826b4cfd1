//! Looks at everything that a home depends on and says what is wrong with it; it mends nothing.

use std::sync::Arc;

use evergrant_engine::failure::Failure;
use evergrant_engine::provider::Origin;
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::Record;
use evergrant_engine::time::{Moment, Timestamp};

use crate::account::Account;
use crate::clock::{Clock, SystemClock};
use crate::http::Network;
use crate::import::as_their_owners_have_them;
use crate::revocation::PendingRevocation;
use crate::settings::Settings;
use crate::store::{Holder, LockName, Mode, Store, StoreFault, open};
use crate::unanswered::as_they_stand;
use crate::vault::Vault;

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How bad it is.
    pub level: Level,
    /// What was found, in one sentence without a full stop.
    pub message: String,
    /// The one thing to do.
    pub remedy: Option<Remedy>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, or mends itself, but the user should know.
    Warn,
    /// Something does not work until the user acts.
    Fault,
}

/// Checks a home offline: nothing is sent, renewed or written.
pub fn doctor(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![configuration(settings), providers(settings), network(settings)];
    if !settings.home.root().exists() {
        findings.push(not_yet(format!(
            "there is no home at {} yet",
            settings.home.root().display()
        )));
        return findings;
    }
    findings.push(told("home", settings.home.check(), || {
        format!("{} is ours alone, on a local disk", settings.home.root().display())
    }));
    if !settings.home.database().exists() {
        findings.push(not_yet(format!(
            "there is no store at {} yet",
            settings.home.database().display()
        )));
        return findings;
    }
    let unlocked = Vault::unlock(&settings.home, &settings.key);
    let origin = unlocked
        .as_ref()
        .map(|vault| vault.origin().to_owned())
        .unwrap_or_default();
    findings.push(told("key", unlocked, || format!("the store's key comes from {origin}")));
    let read = open(&settings.home, &settings.key, Mode::ReadOnly).and_then(|store| {
        let records = as_their_owners_have_them(as_they_stand(&*store, store.records()?)?);
        let revocations = store.revocations()?;
        Ok((store, records, revocations))
    });
    match read {
        Ok((store, records, revocations)) => {
            findings.extend(contents(settings, &store, &records));
            findings.extend(
                revocations
                    .iter()
                    .map(PendingRevocation::of)
                    .map(|one| revocation(&one)),
            );
        }
        Err(fault) => findings.push(fault_of("store", fault.into())),
    }
    findings
}

fn configuration(settings: &Settings) -> Finding {
    let file = settings.home.configuration();
    ok(
        "configuration",
        match file.exists() {
            true => format!("{} is in order", file.display()),
            false => format!("there is no {}: the defaults hold", file.display()),
        },
    )
}

fn providers(settings: &Settings) -> Finding {
    let rows = settings.table.rows();
    let own = rows.filter(|row| matches!(row.origin, Origin::File(_))).count();
    let all = settings.table.rows().count();
    ok(
        "providers",
        format!("every row is in order: {all}, of which your own: {own}"),
    )
}

fn network(settings: &Settings) -> Finding {
    let mut set = Vec::new();
    for (name, value) in [
        ("HTTPS_PROXY", &settings.network.https_proxy),
        ("HTTP_PROXY", &settings.network.http_proxy),
        ("NO_PROXY", &settings.network.no_proxy),
    ] {
        if value.is_some() {
            set.push(name);
        }
    }
    if settings.network.ca_file.is_some() {
        set.push("SSL_CERT_FILE");
    }
    match Network::new(&settings.network) {
        // Their values stay unsaid: a proxy's address can carry a password.
        Ok(_) if !set.is_empty() => ok("network", format!("honoured for every connection: {}", set.join(", "))),
        Ok(_) => ok(
            "network",
            "connections are made directly, with the platform's certificates".to_owned(),
        ),
        Err(failure) => fault_of("network", failure),
    }
}

/// What the store says of itself, of the clock, of locks, and of each credential.
fn contents(settings: &Settings, store: &Arc<dyn Store>, records: &[Record]) -> Vec<Finding> {
    let now = SystemClock::new().now();
    let accounts: Vec<Account> = records
        .iter()
        .map(|record| Account::of(record, &settings.table, settings, &now))
        .filter(|account| account.health != "logged-out")
        .collect();
    let mut findings = vec![
        ok(
            "store",
            format!(
                "{} can be read, credentials in it: {}",
                settings.home.database().display(),
                accounts.len()
            ),
        ),
        clock(records, &now),
    ];
    findings.extend(locks(store, &accounts));
    findings.extend(accounts.iter().map(credential));
    findings
}

/// A record that was written in the future shows that the wall clock has been set back since.
fn clock(records: &[Record], now: &Moment) -> Finding {
    let newest = records.iter().map(|record| record.updated_at).max().unwrap_or_default();
    let ahead = newest.since(now.wall);
    if ahead <= TOLERANCE {
        return ok("clock", format!("it is {} by the wall clock", now.wall));
    }
    Finding {
        check: "clock".to_owned(),
        level: Level::Warn,
        message: format!(
            "the wall clock says {}, but the store was written at {newest}: it was set back, or is wrong",
            now.wall
        ),
        remedy: Some(Remedy::Run {
            command: "timedatectl status".to_owned(),
            why: "set the clock: expiries and cooldowns are told by it".to_owned(),
        }),
    }
}

/// Locks that are held; a stopped holder keeps everyone waiting.
fn locks(store: &Arc<dyn Store>, accounts: &[Account]) -> Vec<Finding> {
    let held = accounts.iter().filter_map(|account| {
        let holder = store.holder(&LockName::Credential(account.id.clone())).ok().flatten()?;
        Some(lock(account, &holder))
    });
    let found: Vec<Finding> = held.collect();
    if found.is_empty() {
        vec![ok("locks", "nobody is renewing at the moment".to_owned())]
    } else {
        found
    }
}

fn lock(account: &Account, holder: &Holder) -> Finding {
    let (pid, since) = (holder.owner.pid, holder.owner.since);
    let whose = format!("{}/{}", account.provider, account.label);
    if !holder.stopped {
        return ok("locks", format!("process {pid} is renewing {whose} since {since}"));
    }
    Finding {
        check: "locks".to_owned(),
        level: Level::Fault,
        message: format!("process {pid} holds the lock of {whose} since {since} and is stopped"),
        remedy: Some(Remedy::Run {
            command: format!("kill -CONT {pid}"),
            why: "let it go on: while it is stopped nobody else may renew".to_owned(),
        }),
    }
}

fn credential(account: &Account) -> Finding {
    let expiry = |at: Timestamp| format!(", its token serves until {at}");
    let why = account.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let waits = matches!(account.health, "cooling" | "outcome-unknown" | "disabled" | "unsaved");
    let level = match (account.usable, account.why.is_some()) {
        (true, false) => Level::Ok,
        (true, true) => Level::Warn,
        (false, _) if waits => Level::Warn,
        (false, _) => Level::Fault,
    };
    let rest = match account.expires_at {
        Some(at) if level == Level::Ok => expiry(at),
        _ => why,
    };
    Finding {
        check: format!("credential {}/{}", account.provider, account.label),
        level,
        message: format!("{}{rest}", account.health),
        remedy: account.remedy.clone(),
    }
}

/// A token that waits to be revoked: it mends itself, if someone is there to try.
fn revocation(one: &PendingRevocation) -> Finding {
    let why = one.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    Finding {
        check: format!("revocation {}/{}", one.provider, one.label),
        level: Level::Warn,
        message: format!(
            "its {} token waits since {} to be revoked, and is given up at {}{why}",
            one.token, one.queued_at, one.gives_up_at
        ),
        remedy: Some(Remedy::Run {
            command: "evergrant serve".to_owned(),
            why: "a running gateway goes on trying; the next logout tries once".to_owned(),
        }),
    }
}

fn told<T>(check: &str, outcome: Result<T, StoreFault>, message: impl FnOnce() -> String) -> Finding {
    match outcome {
        Ok(_) => ok(check, message()),
        Err(fault) => fault_of(check, fault.into()),
    }
}

fn ok(check: &str, message: String) -> Finding {
    Finding {
        check: check.to_owned(),
        level: Level::Ok,
        message,
        remedy: None,
    }
}

fn not_yet(message: String) -> Finding {
    ok("store", format!("{message}: the first login makes it"))
}

fn fault_of(check: &str, failure: Failure) -> Finding {
    Finding {
        check: check.to_owned(),
        level: Level::Fault,
        message: failure.message,
        remedy: failure.remedy,
    }
}

/// Five minutes: what clocks of machines that share a store may differ by without harm.
const TOLERANCE: std::time::Duration = std::time::Duration::from_secs(300);
