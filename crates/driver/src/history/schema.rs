//! The tables of the history and their version.
//!
//! As in the grant store: a newer minor version only adds tables and columns, so that what this version does not know
//! survives it, and a newer major one is refused.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::store::{Form, Trouble};

/// Makes the tables in an empty database.
pub(super) fn create(connection: &mut Connection) -> Result<(), Trouble> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    for step in STEPS {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", MAJOR)?;
    transaction.execute("INSERT INTO meta (name, value) VALUES ('minor', ?1)", params![minor()])?;
    transaction.commit()?;
    Ok(())
}

/// Adds what this minor version has and the file has not.
pub(super) fn complete(connection: &mut Connection) -> Result<(), Trouble> {
    if found(connection)? >= minor() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have done it meanwhile.
    let done = usize::try_from(found(&transaction)?).unwrap_or(usize::MAX);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.execute(
        "UPDATE meta SET value = ?1 WHERE name = 'minor' AND value < ?1",
        [minor()],
    )?;
    transaction.commit()?;
    Ok(())
}

/// Refuses what is no history of ours, and one of a newer major version.
pub(super) fn check(connection: &Connection, place: &str) -> Result<(), Trouble> {
    let form = Form {
        application: APPLICATION,
        major: MAJOR,
        foreign: "it is a database, but no history of evergrant",
    };
    form.check(connection, place)
}

fn found(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT value FROM meta WHERE name = 'minor'", [], |row| row.get(0))
}

fn minor() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// Grows when an older evergrant could do harm; it refuses the file then.
pub(super) const MAJOR: u32 = 1;

/// `EVGH`, so that the grant store is not taken for a history, nor the other way round.
const APPLICATION: u32 = 0x4556_4748;

/// Times are milliseconds since 1970; messages are numbered from 0 within their conversation.
const TABLES: &str = "
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE conversation (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT,
    provider TEXT,
    model TEXT,
    begun_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX conversation_touched ON conversation (touched_at);

CREATE TABLE message (
    conversation TEXT NOT NULL,
    number INTEGER NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    ending TEXT NOT NULL,
    at INTEGER NOT NULL,
    provider TEXT,
    label TEXT,
    model TEXT,
    PRIMARY KEY (conversation, number)
);

CREATE TABLE summary (
    conversation TEXT NOT NULL,
    stands_for INTEGER NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (conversation, stands_for)
);
";

/// What each minor version added to the one before.
const STEPS: [&str; 1] = [
    // `hour` is when the hour began, in milliseconds since 1970, or the day, where it is long gone. What was not named is ''.
    "
CREATE TABLE usage (
    hour INTEGER NOT NULL,
    key TEXT NOT NULL,
    provider TEXT NOT NULL,
    label TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    untold INTEGER NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    PRIMARY KEY (hour, key, provider, label, model)
) WITHOUT ROWID;
",
];
