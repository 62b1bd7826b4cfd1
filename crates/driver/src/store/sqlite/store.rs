//! The contract, kept by SQLite.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evergrant_engine::credential::{CredentialId, Fence, Label, Material};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::recovery::renewal::View;
use evergrant_engine::secret::{Fingerprint, FingerprintKey};
use evergrant_engine::store::{Claim, ClaimOwner, Owner, Record, Revocation, Standing};
use evergrant_engine::time::{Moment, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use super::contents::Contents;
use super::number::from_column;
use super::opening::{self, Mode};
use super::trouble::Trouble;
use super::{claims, client_keys, records, restoring, revocations};
use crate::client_key::{ClientKey, KeyName};
use crate::clock::{Clock, SystemClock};
use crate::failpoint::{Failpoint, pass};
use crate::fault::StoreFault;
use crate::home::Home;
use crate::store::contract::Store;
use crate::store::exchange::{
    Backup, Changes, ClaimAnswer, Commit, CommitAnswer, Draft, Mark, Placement, Quarantine, RestoreAnswer, Version,
};
use crate::store::journal::{self, Found, Journal};
use crate::store::lock::{Held, Holder, LockName, Locks, this_process};
use crate::vault::Vault;

/// The store in one SQLite file of a home.
pub struct SqliteStore {
    // In this order: the reader closes first, so that the writer, closing last, can tidy its log away.
    reader: Mutex<Connection>,
    writer: Option<Mutex<Connection>>,
    fingerprint_key: FingerprintKey,
    vault: Vault,
    home: Home,
    locks: Locks,
    place: String,
}

impl SqliteStore {
    /// Opens the store of a home; one that is opened to write finishes the journals it finds.
    pub fn open(home: &Home, vault: &Vault, mode: Mode) -> Result<Self, StoreFault> {
        if mode != Mode::Examine {
            home.check()?;
        }
        let place = home.database().display().to_string();
        let opened = opening::open(home, vault, mode, &place)?;
        let store = Self {
            reader: Mutex::new(opened.reader),
            writer: opened.writer.map(Mutex::new),
            fingerprint_key: opened.fingerprint_key,
            vault: vault.clone(),
            locks: Locks::of(home.clone()),
            home: home.clone(),
            place,
        };
        if store.writer.is_some() {
            store.finish_journals()?;
        }
        Ok(store)
    }

    /// Finishes every journal whose credential nobody holds; who holds one is about to finish it.
    fn finish_journals(&self) -> Result<(), StoreFault> {
        for id in journal::ids(&self.home)? {
            let owner = this_process(SystemClock::new().now().wall);
            // What cannot be finished now does not make the store unusable: it is tried again under the lock.
            if let Err(fault) = self.try_lock(&LockName::Credential(id.clone()), &owner) {
                tracing::warn!(credential = %id, %fault, "a received answer could not be committed yet");
            }
        }
        Ok(())
    }

    /// Commits what a journal holds and removes it; only under the credential's lock.
    fn finish_journal(&self, id: &CredentialId) -> Result<(), StoreFault> {
        match journal::find(&self.home, &self.vault, id)? {
            Found::Nothing => return Ok(()),
            Found::Room => {}
            Found::Newer(form) => return Err(journal::newer(&self.home, id, form)),
            Found::Answer(commit) => match self.commit(&commit) {
                Ok(CommitAnswer::Done(record)) => {
                    tracing::info!(credential = %id, generation = record.generation.0, "finished an interrupted renewal");
                }
                Ok(CommitAnswer::Superseded(_)) => {}
                Ok(CommitAnswer::LoggedOut) => {
                    tracing::warn!(credential = %id, "the answer of an interrupted renewal came after a logout: it is revoked");
                }
                Err(StoreFault::NoRecord(_)) => {
                    tracing::warn!(credential = %id, "dropped the answer of an interrupted renewal of an unknown credential");
                }
                Err(fault) => return Err(fault),
            },
        }
        journal::remove(&self.home, id)
    }

    fn read<T>(&self, work: impl FnOnce(&Contents<'_>) -> Result<T, Trouble>) -> Result<T, StoreFault> {
        let connection = lock(&self.reader);
        work(&self.contents(&connection)).map_err(|trouble| trouble.at(&self.place))
    }

    /// Does its work in one transaction that is durable when this returns, or in none.
    fn write<T>(&self, work: impl FnOnce(&Contents<'_>) -> Result<T, Trouble>) -> Result<T, StoreFault> {
        let writer = self.writer.as_ref().ok_or_else(|| StoreFault::Unwritable {
            place: self.place.clone(),
            detail: "it was opened to be read only".to_owned(),
        })?;
        let mut connection = lock(writer);
        let inner = || -> Result<T, Trouble> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&self.contents(&transaction))?;
            transaction.commit()?;
            Ok(done)
        };
        inner().map_err(|trouble| trouble.at(&self.place))
    }

    const fn contents<'a>(&'a self, connection: &'a Connection) -> Contents<'a> {
        Contents {
            connection,
            vault: &self.vault,
            fingerprint_key: &self.fingerprint_key,
        }
    }

    /// Changes a record that is not buried.
    fn change(
        &self,
        id: &CredentialId,
        work: impl FnOnce(&Contents<'_>, &mut Record) -> Result<(), Trouble>,
    ) -> Result<(), StoreFault> {
        self.write(|contents| {
            let mut record = contents.living(id)?;
            work(contents, &mut record)?;
            records::update(contents.connection, contents.vault, &record)
        })
    }
}

impl Store for SqliteStore {
    fn fingerprint_key(&self) -> &FingerprintKey {
        &self.fingerprint_key
    }

    fn version(&self) -> Result<Version, StoreFault> {
        // The reader is a connection of its own, so that SQLite counts our own writes too.
        self.read(|contents| {
            let version = contents
                .connection
                .pragma_query_value(None, "data_version", |row| row.get(0))?;
            Ok(Version(from_column(version)?))
        })
    }

    fn records(&self) -> Result<Vec<Record>, StoreFault> {
        self.read(|contents| {
            let records = records::all(contents.connection, contents.vault)?;
            Ok(records.into_iter().map(Arc::unwrap_or_clone).collect())
        })
    }

    fn changes(&self, since: Option<Mark>) -> Result<Changes, StoreFault> {
        let mut connection = lock(&self.reader);
        let mut inner = || -> Result<Changes, Trouble> {
            let moment = connection.transaction()?;
            self.contents(&moment).changes(since)
        };
        inner().map_err(|trouble| trouble.at(&self.place))
    }

    fn record(&self, id: &CredentialId) -> Result<Option<Record>, StoreFault> {
        self.read(|contents| contents.record(id))
    }

    fn view(&self, id: &CredentialId) -> Result<View, StoreFault> {
        let mut connection = lock(&self.reader);
        let mut inner = || -> Result<View, Trouble> {
            let moment = connection.transaction()?;
            self.contents(&moment).view(id)
        };
        inner().map_err(|trouble| trouble.at(&self.place))
    }

    fn place(&self, draft: &Draft, placement: &Placement) -> Result<Record, StoreFault> {
        self.write(|contents| contents.place(draft, placement))
    }

    fn claim(&self, claim: &Claim) -> Result<ClaimAnswer, StoreFault> {
        if !stands(Protection::Claim) {
            return Ok(ClaimAnswer::Made);
        }
        self.write(|contents| contents.claim(claim))
    }

    fn take_over(
        &self,
        fingerprint: &Fingerprint,
        from: u128,
        to: &ClaimOwner,
        now: &Moment,
    ) -> Result<bool, StoreFault> {
        self.write(|contents| claims::take_over(contents.connection, fingerprint, from, to, now))
    }

    fn mark_sent(&self, fingerprint: &Fingerprint, attempt: u128, now: &Moment) -> Result<bool, StoreFault> {
        if !stands(Protection::Claim) {
            return Ok(true);
        }
        self.write(|contents| claims::mark_sent(contents.connection, fingerprint, attempt, now))
    }

    fn release(&self, fingerprint: &Fingerprint, attempt: u128) -> Result<(), StoreFault> {
        self.write(|contents| claims::release(contents.connection, fingerprint, attempt))
    }

    fn claim_of(&self, fingerprint: &Fingerprint) -> Result<Option<Claim>, StoreFault> {
        self.read(|contents| claims::one(contents.connection, fingerprint))
    }

    fn open_claims(&self) -> Result<Vec<Claim>, StoreFault> {
        self.read(|contents| claims::open(contents.connection))
    }

    fn commit(&self, commit: &Commit) -> Result<CommitAnswer, StoreFault> {
        self.write(|contents| {
            let answer = contents.commit(commit)?;
            pass(Failpoint::CommitPrepared);
            Ok(answer)
        })
    }

    fn refill(&self, fence: &Fence, material: &Material, at: Timestamp) -> Result<Option<Record>, StoreFault> {
        self.write(|contents| contents.refill(fence, material, at))
    }

    fn quarantine(&self, quarantine: &Quarantine) -> Result<bool, StoreFault> {
        self.write(|contents| contents.quarantine(quarantine))
    }

    fn stand(&self, fence: &Fence, standing: &Standing) -> Result<bool, StoreFault> {
        self.amend(fence, &mut |present| *present = standing.clone())
    }

    fn amend(&self, fence: &Fence, change: &mut dyn FnMut(&mut Standing)) -> Result<bool, StoreFault> {
        self.write(|contents| {
            let Some(mut record) = contents.record(&fence.id)?.filter(|record| record.fence() == *fence) else {
                return Ok(false);
            };
            if records::is_buried(&record) {
                return Ok(false);
            }
            let disabled = record.standing.disabled;
            change(&mut record.standing);
            record.standing.disabled = disabled;
            records::update_standing(contents.connection, &record)?;
            Ok(true)
        })
    }

    fn disable(&self, id: &CredentialId, disabled: bool) -> Result<(), StoreFault> {
        self.change(id, |_, record| {
            record.standing.disabled = disabled;
            Ok(())
        })
    }

    fn rename(&self, id: &CredentialId, label: &Label) -> Result<(), StoreFault> {
        self.change(id, |contents, record| {
            contents.refuse_taken(&record.provider, label, Some(id))?;
            record.label = label.clone();
            Ok(())
        })
    }

    fn prioritise(&self, id: &CredentialId, priority: i32) -> Result<(), StoreFault> {
        self.change(id, |_, record| {
            record.priority = priority;
            Ok(())
        })
    }

    fn bury(&self, id: &CredentialId, now: Timestamp) -> Result<Option<Record>, StoreFault> {
        let buried = self.write(|contents| contents.bury(id, now))?;
        pass(Failpoint::Buried);
        Ok(buried)
    }

    fn log_out(&self, id: &CredentialId, now: Timestamp) -> Result<Option<Record>, StoreFault> {
        let buried = self.write(|contents| contents.log_out(id, now))?;
        pass(Failpoint::Buried);
        Ok(buried)
    }

    fn revocations(&self) -> Result<Vec<Revocation>, StoreFault> {
        self.read(|contents| revocations::all(contents.connection, contents.vault))
    }

    fn try_revocation(
        &self,
        revocation: &Revocation,
        now: Timestamp,
        next_try_at: Timestamp,
    ) -> Result<bool, StoreFault> {
        self.write(|contents| revocations::try_one(contents.connection, revocation, now, next_try_at))
    }

    fn defer_revocation(&self, token: &Fingerprint, why: &str, next_try_at: Timestamp) -> Result<(), StoreFault> {
        self.write(|contents| revocations::defer(contents.connection, token, why, next_try_at))
    }

    fn settle_revocation(&self, token: &Fingerprint) -> Result<(), StoreFault> {
        self.write(|contents| revocations::remove(contents.connection, token))
    }

    fn restore(
        &self,
        backup: &Backup,
        revive: bool,
        settled: &[Fence],
        now: Timestamp,
    ) -> Result<RestoreAnswer, StoreFault> {
        self.write(|contents| restoring::restore(contents, backup, revive, settled, now))
    }

    fn client_keys(&self) -> Result<Vec<ClientKey>, StoreFault> {
        self.read(|contents| client_keys::all(contents.connection))
    }

    fn add_client_key(&self, key: &ClientKey) -> Result<bool, StoreFault> {
        self.write(|contents| client_keys::insert(contents.connection, key))
    }

    fn extend_client_key(&self, name: &KeyName, expires_at: Timestamp) -> Result<bool, StoreFault> {
        self.write(|contents| client_keys::extend(contents.connection, name, expires_at))
    }

    fn remove_client_key(&self, name: &KeyName) -> Result<bool, StoreFault> {
        self.write(|contents| client_keys::remove(contents.connection, name))
    }

    fn try_lock(&self, name: &LockName, owner: &Owner) -> Result<Option<Box<dyn Held>>, StoreFault> {
        let Some(guard) = self.locks.try_acquire(name, owner)? else {
            return Ok(None);
        };
        if let LockName::Credential(id) = name {
            self.finish_journal(id)?;
        }
        Ok(Some(Box::new(guard)))
    }

    fn holder(&self, name: &LockName) -> Result<Option<Holder>, StoreFault> {
        self.locks.holder(name)
    }

    fn prepare_journal(&self, id: &CredentialId) -> Result<Journal, StoreFault> {
        Journal::prepare(&self.home, &self.vault, id)
    }
}

/// A panic while the lock was held rolled its transaction back, so the connection is as good as before.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
