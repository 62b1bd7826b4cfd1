//! Rows of the table `revocation`: tokens of grants that were logged out, until their provider has revoked them.

use evergrant_engine::credential::{CredentialId, Label, ProviderId};
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::store::Revocation;
use evergrant_engine::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::schema;
use super::trouble::Trouble;
use crate::store::wire::{Unreadable, read_hint, read_revocation, write_revocation};
use crate::vault::Vault;

/// All of them, the oldest first, each refresh token before its access token.
pub(super) fn all(connection: &Connection, vault: &Vault) -> Result<Vec<Revocation>, Trouble> {
    if !schema::has_table(connection, "revocation")? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([])?;
    let mut revocations = Vec::new();
    while let Some(row) = rows.next()? {
        revocations.push(read(row, vault)?);
    }
    Ok(revocations)
}

/// Adds one; a token that waits already goes on waiting as it does.
pub(super) fn insert(connection: &Connection, vault: &Vault, revocation: &Revocation) -> Result<(), Trouble> {
    let plain = write_revocation(revocation)?;
    let sealed = vault.seal(&plain, &context(&revocation.fingerprint))?;
    connection.prepare_cached(INSERT)?.execute(params![
        revocation.fingerprint.as_bytes(),
        revocation.credential.as_str(),
        revocation.provider.as_str(),
        revocation.label.as_str(),
        revocation.hint.as_str(),
        SEAL,
        sealed,
        revocation.queued_at.as_millis(),
        revocation.gives_up_at.as_millis(),
        revocation.tries,
        revocation.tried_at.map(Timestamp::as_millis),
        revocation.next_try_at.as_millis(),
        revocation.why,
    ])?;
    Ok(())
}

/// Counts a try; `false` if somebody else has counted one since it was read, or has settled it.
pub(super) fn try_one(
    connection: &Connection,
    revocation: &Revocation,
    now: Timestamp,
    next_try_at: Timestamp,
) -> Result<bool, Trouble> {
    let changed = connection
        .prepare_cached(
            "UPDATE revocation SET tries = tries + 1, tried_at = ?3, next_try_at = ?4 \
             WHERE fingerprint = ?1 AND tries = ?2",
        )?
        .execute(params![
            revocation.fingerprint.as_bytes(),
            revocation.tries,
            now.as_millis(),
            next_try_at.as_millis(),
        ])?;
    Ok(changed > 0)
}

/// Notes why a try did not do, and when the next one is due.
pub(super) fn defer(
    connection: &Connection,
    token: &Fingerprint,
    why: &str,
    next_try_at: Timestamp,
) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE revocation SET why = ?2, next_try_at = ?3 WHERE fingerprint = ?1")?
        .execute(params![token.as_bytes(), why, next_try_at.as_millis()])?;
    Ok(())
}

/// Whether a token waits for its revocation, and when that was last tried.
pub(super) fn waiting(connection: &Connection, token: &Fingerprint) -> Result<Option<Option<Timestamp>>, Trouble> {
    let tried_at: Option<Option<i64>> = connection
        .prepare_cached("SELECT tried_at FROM revocation WHERE fingerprint = ?1")?
        .query_row([token.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(tried_at.map(|at| at.map(Timestamp::from_millis)))
}

/// Forgets one.
pub(super) fn remove(connection: &Connection, token: &Fingerprint) -> Result<(), Trouble> {
    connection
        .prepare_cached("DELETE FROM revocation WHERE fingerprint = ?1")?
        .execute([token.as_bytes()])?;
    Ok(())
}

fn read(row: &Row<'_>, vault: &Vault) -> Result<Revocation, Trouble> {
    let text = |column: &str| row.get::<_, String>(column);
    let time = |column: &str| row.get(column).map(Timestamp::from_millis);
    let fingerprint = Fingerprint::from_bytes(row.get("fingerprint")?);
    if row.get::<_, u32>("seal")? != SEAL {
        return Err(Unreadable("seal version").into());
    }
    let plain = vault
        .open(
            row.get_ref("sealed")?.as_blob().map_err(rusqlite::Error::from)?,
            &context(&fingerprint),
        )
        .map_err(|_| Unreadable("sealed secret"))?;
    let (token, authority) = read_revocation(&plain)?;
    Ok(Revocation {
        fingerprint,
        credential: CredentialId::from(text("credential")?),
        provider: ProviderId::from(text("provider")?),
        label: Label::from(text("label")?),
        hint: read_hint(&text("hint")?)?,
        token,
        authority: authority.into(),
        queued_at: time("queued_at")?,
        gives_up_at: time("gives_up_at")?,
        tries: row.get("tries")?,
        tried_at: row.get::<_, Option<i64>>("tried_at")?.map(Timestamp::from_millis),
        next_try_at: time("next_try_at")?,
        why: row.get("why")?,
    })
}

/// What a row's secret is bound to.
fn context(fingerprint: &Fingerprint) -> Vec<u8> {
    let mut bytes = b"evergrant revocation\0".to_vec();
    bytes.extend_from_slice(fingerprint.as_bytes());
    bytes.extend_from_slice(&SEAL.to_le_bytes());
    bytes
}

/// The present way of sealing: XChaCha20-Poly1305 over the wire form of `revocation.rs`.
const SEAL: u32 = 1;

/// `refresh_token` sorts after `access_token`.
const SELECT: &str = "SELECT fingerprint, credential, provider, label, hint, seal, sealed, queued_at, gives_up_at, tries, \
    tried_at, next_try_at, why FROM revocation ORDER BY queued_at, credential, hint DESC, fingerprint";

const INSERT: &str = "INSERT INTO revocation (fingerprint, credential, provider, label, hint, seal, sealed, queued_at, \
    gives_up_at, tries, tried_at, next_try_at, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
    ON CONFLICT (fingerprint) DO NOTHING";
