//! Rows of the table `claim`.

use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Generation};
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::store::{Claim, ClaimOwner, ClaimState, Owner};
use evergrant_engine::time::{BootId, BootTime, Moment, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::number::{from_column, to_column};
use super::schema;
use super::trouble::Trouble;
use crate::store::wire::Unreadable;

/// The claim on a fingerprint; of one that was pruned, how it was closed.
pub(super) fn one(connection: &Connection, fingerprint: &Fingerprint) -> Result<Option<Claim>, Trouble> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE fingerprint = ?1"))?;
    let mut rows = statement.query([fingerprint.as_bytes()])?;
    match rows.next()? {
        Some(row) => read(row).map(Some),
        None => pruned(connection, fingerprint),
    }
}

/// What stayed of a claim that was closed long ago.
fn pruned(connection: &Connection, fingerprint: &Fingerprint) -> Result<Option<Claim>, Trouble> {
    if !schema::has_table(connection, "closed_claim")? {
        return Ok(None);
    }
    let state: Option<String> = connection
        .prepare_cached("SELECT state FROM closed_claim WHERE fingerprint = ?1")?
        .query_row([fingerprint.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(state) = state else { return Ok(None) };
    let (unknown, long_ago) = (CredentialId::from(""), Timestamp::default());
    let state = parse(&state)?;
    Ok(Some(closed(*fingerprint, unknown, Generation(0), state, long_ago)))
}

/// Every open claim, the oldest first.
pub(super) fn open(connection: &Connection) -> Result<Vec<Claim>, Trouble> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE state = 'open' ORDER BY claimed_wall, fingerprint"
    ))?;
    let mut rows = statement.query([])?;
    let mut claims = Vec::new();
    while let Some(row) = rows.next()? {
        claims.push(read(row)?);
    }
    Ok(claims)
}

/// Adds a claim; `closed_at` only for one that is made closed.
pub(super) fn insert(connection: &Connection, claim: &Claim, closed_at: Option<Timestamp>) -> Result<(), Trouble> {
    connection.prepare_cached(INSERT)?.execute(params![
        claim.fingerprint.as_bytes(),
        claim.credential.as_str(),
        to_column(claim.generation.0)?,
        claim.owner.attempt.to_be_bytes(),
        claim.owner.process.pid,
        claim.owner.process.host,
        claim.owner.process.since.as_millis(),
        claim.claimed.wall.as_millis(),
        to_column(claim.claimed.boot.as_millis())?,
        claim.claimed.boot_id.as_str(),
        claim.sent.as_ref().map(|sent| sent.wall.as_millis()),
        claim
            .sent
            .as_ref()
            .map(|sent| to_column(sent.boot.as_millis()))
            .transpose()?,
        claim.sent.as_ref().map(|sent| sent.boot_id.as_str()),
        claim.sends,
        word(claim.state),
        closed_at.map(Timestamp::as_millis),
    ])?;
    Ok(())
}

/// Hands an open claim over; `false` if it is not open or not of this attempt.
pub(super) fn take_over(
    connection: &Connection,
    fingerprint: &Fingerprint,
    from: u128,
    to: &ClaimOwner,
    now: &Moment,
) -> Result<bool, Trouble> {
    let changed = connection.prepare_cached(TAKE_OVER)?.execute(params![
        fingerprint.as_bytes(),
        from.to_be_bytes(),
        to.attempt.to_be_bytes(),
        to.process.pid,
        to.process.host,
        to.process.since.as_millis(),
        now.wall.as_millis(),
        to_column(now.boot.as_millis())?,
        now.boot_id.as_str(),
    ])?;
    Ok(changed > 0)
}

/// Counts a send of this attempt; `false` if the claim is not open or not its own, or the credential is buried.
pub(super) fn mark_sent(
    connection: &Connection,
    fingerprint: &Fingerprint,
    attempt: u128,
    now: &Moment,
) -> Result<bool, Trouble> {
    let changed = connection.prepare_cached(MARK_SENT)?.execute(params![
        fingerprint.as_bytes(),
        attempt.to_be_bytes(),
        now.wall.as_millis(),
        to_column(now.boot.as_millis())?,
        now.boot_id.as_str(),
    ])?;
    Ok(changed > 0)
}

/// Removes an open claim of this attempt, unless a send whose outcome is unknown stands behind it: one of an earlier
/// attempt, or one of this attempt before its last (the last is the one that was surely not taken).
pub(super) fn release(connection: &Connection, fingerprint: &Fingerprint, attempt: u128) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "DELETE FROM claim WHERE fingerprint = ?1 AND attempt = ?2 AND state = 'open' \
             AND sends_before = 0 AND sends <= 1",
        )?
        .execute(params![fingerprint.as_bytes(), attempt.to_be_bytes()])?;
    Ok(())
}

/// Closes a claim, and makes one if there is none: its token is never sent again.
pub(super) fn close(
    connection: &Connection,
    fingerprint: &Fingerprint,
    credential: &CredentialId,
    generation: Generation,
    state: ClaimState,
    at: Timestamp,
) -> Result<(), Trouble> {
    let changed = connection
        .prepare_cached("UPDATE claim SET state = ?2, closed_at = ?3 WHERE fingerprint = ?1")?
        .execute(params![fingerprint.as_bytes(), word(state), at.as_millis()])?;
    if changed > 0 {
        return Ok(());
    }
    let made = closed(*fingerprint, credential.clone(), generation, state, at);
    insert(connection, &made, Some(at))
}

/// A claim of nobody's that is closed.
fn closed(
    fingerprint: Fingerprint,
    credential: CredentialId,
    generation: Generation,
    state: ClaimState,
    at: Timestamp,
) -> Claim {
    Claim {
        fingerprint,
        credential,
        generation,
        owner: nobody(at),
        claimed: Moment {
            wall: at,
            boot: BootTime::default(),
            boot_id: BootId::default(),
        },
        sent: None,
        sends: 0,
        state,
    }
}

/// Removes a claim in whatever state, because its token was proven good or was not rotated.
pub(super) fn remove(connection: &Connection, fingerprint: &Fingerprint) -> Result<(), Trouble> {
    // In this order: what goes from the first is kept in the second.
    for table in ["claim", "closed_claim"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE fingerprint = ?1"))?
            .execute([fingerprint.as_bytes()])?;
    }
    Ok(())
}

/// Removes what was closed long ago: spent ones, and dead ones whose credential is buried or gone; that they were closed is
/// kept for good. An open claim goes only when its credential has moved past its generation, so that its token is in no
/// record any more.
pub(super) fn prune(connection: &Connection, now: Timestamp) -> Result<(), Trouble> {
    let before = now.minus(KEPT).as_millis();
    connection.prepare_cached(PRUNE)?.execute([before])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Claim, Trouble> {
    let sent = match row.get::<_, Option<i64>>("sent_wall")? {
        None => None,
        Some(wall) => Some(moment(wall, row.get("sent_boot")?, row.get("sent_boot_id")?)?),
    };
    let state: String = row.get("state")?;
    Ok(Claim {
        fingerprint: Fingerprint::from_bytes(row.get("fingerprint")?),
        credential: CredentialId::from(row.get::<_, String>("credential")?),
        generation: Generation(from_column(row.get("generation")?)?),
        owner: ClaimOwner {
            attempt: u128::from_be_bytes(row.get("attempt")?),
            process: Owner {
                pid: row.get("pid")?,
                host: row.get("host")?,
                since: Timestamp::from_millis(row.get("since")?),
            },
        },
        claimed: moment(
            row.get("claimed_wall")?,
            row.get("claimed_boot")?,
            row.get("claimed_boot_id")?,
        )?,
        sent,
        sends: row.get("sends")?,
        state: parse(&state)?,
    })
}

fn parse(state: &str) -> Result<ClaimState, Unreadable> {
    let mut known = STATES.into_iter();
    known
        .find(|known| word(*known) == state)
        .ok_or(Unreadable("state of a claim"))
}

fn moment(wall: i64, boot: i64, boot_id: String) -> Result<Moment, Unreadable> {
    Ok(Moment {
        wall: Timestamp::from_millis(wall),
        boot: BootTime::from_millis(from_column(boot)?),
        boot_id: BootId::from(boot_id.as_str()),
    })
}

/// The owner of a claim that was made closed.
const fn nobody(since: Timestamp) -> ClaimOwner {
    ClaimOwner {
        attempt: 0,
        process: Owner {
            pid: 0,
            host: String::new(),
            since,
        },
    }
}

const fn word(state: ClaimState) -> &'static str {
    match state {
        ClaimState::Open => "open",
        ClaimState::Spent => "spent",
        ClaimState::Dead => "dead",
    }
}

const STATES: [ClaimState; 3] = [ClaimState::Open, ClaimState::Spent, ClaimState::Dead];

/// 30 days: longer than any suspended laptop or forgotten process sends. What is pruned then is who sent it and when; that
/// its token is closed stays, 40 bytes of it, because a backup can be of any age.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

const SELECT: &str = "SELECT fingerprint, credential, generation, attempt, pid, host, since, claimed_wall, \
    claimed_boot, claimed_boot_id, sent_wall, sent_boot, sent_boot_id, sends, state FROM claim";

const INSERT: &str = "INSERT INTO claim (fingerprint, credential, generation, attempt, pid, host, since, claimed_wall, \
    claimed_boot, claimed_boot_id, sent_wall, sent_boot, sent_boot_id, sends, sends_before, state, closed_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15, ?16)";

const TAKE_OVER: &str = "UPDATE claim SET attempt = ?3, pid = ?4, host = ?5, since = ?6, claimed_wall = ?7, \
    claimed_boot = ?8, claimed_boot_id = ?9, sends_before = sends \
    WHERE fingerprint = ?1 AND attempt = ?2 AND state = 'open'";

const MARK_SENT: &str = "UPDATE claim SET sends = sends + 1, sent_wall = ?3, sent_boot = ?4, sent_boot_id = ?5 \
    WHERE fingerprint = ?1 AND attempt = ?2 AND state = 'open' \
    AND NOT EXISTS (SELECT 1 FROM credential WHERE id = claim.credential AND buried = 1)";

const PRUNE: &str = "DELETE FROM claim WHERE \
    (state = 'spent' AND closed_at < ?1) \
    OR (state = 'dead' AND closed_at < ?1 \
        AND NOT EXISTS (SELECT 1 FROM credential WHERE id = claim.credential AND buried = 0)) \
    OR (state = 'open' AND claimed_wall < ?1 \
        AND NOT EXISTS (SELECT 1 FROM credential \
            WHERE id = claim.credential AND buried = 0 AND generation = claim.generation))";
