//! The tables, their version, and the sealed key of fingerprints.
//!
//! Within a major version a newer minor one only adds tables, columns with defaults, and to the JSON of a standing fields
//! with defaults and words; never anything inside sealed bytes. Every statement names its columns, and a standing is written
//! over the one that stands there, so that what this version does not know survives it. Who opens a store of an older minor
//! version to write brings it up to this one; who only looks takes it as it is.

use evergrant_engine::secret::FingerprintKey;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use zeroize::Zeroizing;

use super::form::Form;
use super::number::from_column;
use super::trouble::Trouble;
use crate::entropy;
use crate::fault::StoreFault;
use crate::store::exchange::Mark;
use crate::vault::Vault;

/// Makes the tables in an empty database, with a new key of fingerprints sealed in it.
pub(super) fn create(connection: &mut Connection, vault: &Vault) -> Result<(), Trouble> {
    let key = Zeroizing::new(entropy::random::<32>()?);
    let sealed = vault.seal(key.as_slice(), KEY_CONTEXT)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    for step in STEPS {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", MAJOR)?;
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('minor', ?1), ('fingerprint-key', ?2)",
        params![MINOR, sealed],
    )?;
    transaction.commit()?;
    Ok(())
}

/// Adds what this minor version has and the store has not.
pub(super) fn complete(connection: &mut Connection) -> Result<(), Trouble> {
    if minor(connection)? >= MINOR {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have done it meanwhile.
    let done = usize::try_from(minor(&transaction)?).unwrap_or(usize::MAX);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.execute(
        "UPDATE meta SET value = ?1 WHERE name = 'minor' AND value < ?1",
        [MINOR],
    )?;
    transaction.commit()?;
    Ok(())
}

/// How far the changes of records go; `None` if the store is of a version that does not count them.
pub(super) fn mark(connection: &Connection) -> Result<Option<Mark>, Trouble> {
    if minor(connection)? < COUNTS_CHANGES {
        return Ok(None);
    }
    let number = |statement: &str| -> Result<u64, Trouble> {
        let found = connection.prepare_cached(statement)?.query_row([], |row| row.get(0))?;
        Ok(from_column(found)?)
    };
    Ok(Some(Mark {
        changed: number("SELECT coalesce(max(changed), 0) FROM credential")?,
        gone: number("SELECT value FROM meta WHERE name = 'gone'")?,
    }))
}

/// Whether there is such a table: a store of an older minor version, that nobody has opened to write since, may have none.
pub(super) fn has_table(connection: &Connection, name: &str) -> Result<bool, Trouble> {
    let found = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?
        .query_row([name], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

fn minor(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT value FROM meta WHERE name = 'minor'", [], |row| row.get(0))
}

/// Refuses what is not a store of ours, is damaged, or is of a newer major version.
pub(super) fn check(connection: &Connection, place: &str) -> Result<(), Trouble> {
    let form = Form {
        application: APPLICATION,
        major: MAJOR,
        foreign: "it is a database, but not of evergrant",
    };
    form.check(connection, place)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        let place = place.to_owned();
        return Err(StoreFault::Corrupt { place, detail: verdict }.into());
    }
    Ok(())
}

/// The key of fingerprints; that it opens proves the vault's key.
pub(super) fn fingerprint_key(connection: &Connection, vault: &Vault, place: &str) -> Result<FingerprintKey, Trouble> {
    let sealed: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM meta WHERE name = 'fingerprint-key'", [], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(sealed) = sealed else {
        return Err(StoreFault::Corrupt {
            place: place.to_owned(),
            detail: "the key of fingerprints is gone".to_owned(),
        }
        .into());
    };
    let opened = vault.open(&sealed, KEY_CONTEXT).ok();
    opened
        .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
        .map(FingerprintKey::new)
        .ok_or_else(|| vault.does_not_open(place).into())
}

/// Grows when an older evergrant could do harm; it refuses the store then.
pub(super) const MAJOR: u32 = 1;

/// Grows with each table or column added: how many steps there are.
const MINOR: u32 = STEPS.len() as u32;

/// `EVGR`, so that `file` and we ourselves know the database for ours.
const APPLICATION: u32 = 0x4556_4752;

/// What the sealed key of fingerprints is bound to.
const KEY_CONTEXT: &[u8] = b"evergrant fingerprint key\x001";

/// Times are milliseconds since 1970; `boot` columns are milliseconds since the boot that `boot_id` names.
/// A buried credential is a tombstone: a row without secrets, whose label is free again.
const TABLES: &str = "
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE credential (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    label TEXT NOT NULL,
    source TEXT NOT NULL,
    priority INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    buried INTEGER NOT NULL,
    seal INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    standing TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX credential_label ON credential (provider, label) WHERE buried = 0;

CREATE TABLE claim (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    credential TEXT NOT NULL,
    generation INTEGER NOT NULL,
    attempt BLOB NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    since INTEGER NOT NULL,
    claimed_wall INTEGER NOT NULL,
    claimed_boot INTEGER NOT NULL,
    claimed_boot_id TEXT NOT NULL,
    sent_wall INTEGER,
    sent_boot INTEGER,
    sent_boot_id TEXT,
    sends INTEGER NOT NULL,
    sends_before INTEGER NOT NULL,
    state TEXT NOT NULL,
    closed_at INTEGER
) WITHOUT ROWID;

CREATE INDEX claim_credential ON claim (credential);
";

/// What each minor version added to the one before.
const STEPS: [&str; 4] = [
    // `logout_epoch` is the epoch of the newest logout that revokes: what was renewed from it or before must be revoked.
    "
ALTER TABLE credential ADD COLUMN logout_epoch INTEGER NOT NULL DEFAULT 0;

CREATE TABLE revocation (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    credential TEXT NOT NULL,
    provider TEXT NOT NULL,
    label TEXT NOT NULL,
    hint TEXT NOT NULL,
    seal INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    queued_at INTEGER NOT NULL,
    gives_up_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    tried_at INTEGER,
    next_try_at INTEGER NOT NULL,
    why TEXT
) WITHOUT ROWID;
",
    // `changed` numbers the newest change of each record among all changes. The database counts itself, so that what an older
    // evergrant writes counts, too.
    "
ALTER TABLE credential ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

CREATE INDEX credential_changed ON credential (changed);

CREATE TRIGGER credential_made AFTER INSERT ON credential BEGIN
    UPDATE credential SET changed = 1 + (SELECT max(changed) FROM credential) WHERE id = NEW.id;
END;

CREATE TRIGGER credential_amended AFTER UPDATE ON credential WHEN NEW.changed = OLD.changed BEGIN
    UPDATE credential SET changed = 1 + (SELECT max(changed) FROM credential) WHERE id = NEW.id;
END;

CREATE TRIGGER credential_gone AFTER DELETE ON credential BEGIN
    UPDATE meta SET value = 1 + value WHERE name = 'gone';
END;

INSERT INTO meta (name, value) VALUES ('gone', 0);
",
    // A key itself is nowhere: `fingerprint` is its HMAC under the sealed key of fingerprints. Lists are JSON.
    "
CREATE TABLE client_key (
    name TEXT NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    providers TEXT NOT NULL,
    models TEXT NOT NULL,
    requests_per_minute INTEGER,
    concurrency INTEGER,
    tokens_per_day INTEGER,
    expires_at INTEGER,
    lent INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
",
    // `closed_claim` is what stays for good of a claim that was closed: its token is never sent again, whoever brings it back.
    // The database keeps it itself, so that what an older evergrant prunes is kept, too.
    "
CREATE TABLE closed_claim (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    state TEXT NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER claim_pruned AFTER DELETE ON claim WHEN OLD.state <> 'open' BEGIN
    INSERT OR REPLACE INTO closed_claim (fingerprint, state) VALUES (OLD.fingerprint, OLD.state);
END;
",
];

/// The minor version since which the changes of records are counted.
const COUNTS_CHANGES: u32 = 2;
