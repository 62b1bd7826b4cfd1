//! Rows of the table `credential`.

use std::sync::Arc;

use evergrant_engine::credential::{CredentialId, Epoch, Generation, Label, Material, ProviderId};
use evergrant_engine::named::ByName;
use evergrant_engine::store::{Record, Shared, Standing};
use evergrant_engine::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::number::{from_column, to_column};
use super::trouble::Trouble;
use crate::store::wire::{
    ReadBefore, Unreadable, read_material, read_source, read_standing, write_material, write_source, write_standing,
    write_standing_over,
};
use crate::vault::Vault;

/// Every record, by provider, priority, creation.
pub(super) fn all(connection: &Connection, vault: &Vault) -> Result<Vec<Arc<Record>>, Trouble> {
    many(connection, vault, SELECT, [])
}

/// The records whose newest change came after that one, in the same order.
pub(super) fn changed_since(connection: &Connection, vault: &Vault, change: u64) -> Result<Vec<Arc<Record>>, Trouble> {
    let statement = format!("{SELECT} WHERE changed > ?1");
    many(connection, vault, &statement, [to_column(change)?])
}

/// They are put in order here: SQLite would carry all that is sealed through its sorter.
fn many(
    connection: &Connection,
    vault: &Vault,
    statement: &str,
    parameters: impl Params,
) -> Result<Vec<Arc<Record>>, Trouble> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = statement.query(parameters)?;
    let mut records = Vec::new();
    let mut providers = Providers::default();
    while let Some(row) = rows.next()? {
        records.push(Arc::new(read(row, vault, &mut providers)?));
    }
    records.sort_by(|a, b| rank(a).cmp(&rank(b)));
    Ok(records)
}

/// What records are in order by.
fn rank(record: &Record) -> impl Ord + '_ {
    (&record.provider, record.priority, record.created_at, &record.id)
}

/// One record.
pub(super) fn one(connection: &Connection, vault: &Vault, id: &CredentialId) -> Result<Option<Record>, Trouble> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
    let mut rows = statement.query([id.as_str()])?;
    let mut providers = Providers::default();
    rows.next()?.map(|row| read(row, vault, &mut providers)).transpose()
}

/// Adds a record.
pub(super) fn insert(connection: &Connection, vault: &Vault, record: &Record) -> Result<(), Trouble> {
    let standing = write_standing(&record.standing)?;
    write(connection, vault, record, &standing, INSERT).map(|_| ())
}

/// Writes a record over the one of its id; columns that are not named here stay, and so do unknown fields of the standing.
pub(super) fn update(connection: &Connection, vault: &Vault, record: &Record) -> Result<(), Trouble> {
    let standing = standing_over(connection, record)?;
    write(connection, vault, record, &standing, UPDATE).map(|_| ())
}

/// Its standing over the one that stands there.
fn standing_over(connection: &Connection, record: &Record) -> Result<String, Trouble> {
    let there: Option<String> = connection
        .prepare_cached("SELECT standing FROM credential WHERE id = ?1")?
        .query_row([record.id.as_str()], |row| row.get(0))
        .optional()?;
    Ok(write_standing_over(&record.standing, &there.unwrap_or_default())?)
}

/// Writes the standing alone, so that nothing is sealed anew.
pub(super) fn update_standing(connection: &Connection, record: &Record) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE credential SET standing = ?2 WHERE id = ?1")?
        .execute(params![record.id.as_str(), standing_over(connection, record)?])?;
    Ok(())
}

/// Notes that the record's present epoch is that of a logout that revokes.
pub(super) fn note_logout(connection: &Connection, id: &CredentialId) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE credential SET logout_epoch = epoch WHERE id = ?1")?
        .execute([id.as_str()])?;
    Ok(())
}

/// Whether what was renewed in this epoch must be revoked, because the grant was logged out since.
pub(super) fn was_logged_out(connection: &Connection, id: &CredentialId, epoch: Epoch) -> Result<bool, Trouble> {
    let found = connection
        .prepare_cached("SELECT 1 FROM credential WHERE id = ?1 AND logout_epoch >= ?2")?
        .query_row(params![id.as_str(), to_column(epoch.0)?], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Whether another record of the provider that is not buried has this label.
pub(super) fn is_taken(
    connection: &Connection,
    provider: &ProviderId,
    label: &Label,
    except: Option<&CredentialId>,
) -> Result<bool, Trouble> {
    let found = connection
        .prepare_cached("SELECT 1 FROM credential WHERE provider = ?1 AND label = ?2 AND buried = 0 AND id IS NOT ?3")?
        .query_row(
            params![provider.as_str(), label.as_str(), except.map(CredentialId::as_str)],
            |_| Ok(()),
        )
        .optional()?;
    Ok(found.is_some())
}

/// Whether only the tombstone stands.
pub(super) const fn is_buried(record: &Record) -> bool {
    matches!(record.material, Material::Gone)
}

fn write(
    connection: &Connection,
    vault: &Vault,
    record: &Record,
    standing: &str,
    statement: &str,
) -> Result<usize, Trouble> {
    let plain = write_material(&record.material)?;
    let sealed = vault.seal(&plain, &context(&record.id, record.generation))?;
    Ok(connection.prepare_cached(statement)?.execute(params![
        record.id.as_str(),
        record.provider.as_str(),
        record.label.as_str(),
        write_source(&record.source),
        record.priority,
        to_column(record.generation.0)?,
        to_column(record.epoch.0)?,
        is_buried(record),
        SEAL,
        sealed,
        standing,
        record.created_at.as_millis(),
        record.updated_at.as_millis(),
    ])?)
}

/// The providers of the records read so far, each with what was read of it last: whatever they have in common is held once.
type Providers = ByName<ProviderId, Before>;

#[derive(Default)]
struct Before {
    authority: ReadBefore,
    /// Of many keys nothing is known but that they serve.
    standing: Option<(String, Shared<Standing>)>,
}

/// The columns by their places in `SELECT`: by their names each would be looked for in each row.
fn read(row: &Row<'_>, vault: &Vault, providers: &mut Providers) -> Result<Record, Trouble> {
    let id = CredentialId::from(text(row, 0)?);
    let (provider, before) = of(text(row, 1)?, providers);
    let generation = Generation(from_column(row.get(5)?)?);
    if row.get::<_, u32>(8)? != SEAL {
        return Err(Unreadable("seal version").into());
    }
    let plain = vault
        .open(
            row.get_ref(9)?.as_blob().map_err(rusqlite::Error::from)?,
            &context(&id, generation),
        )
        // The vault's key is proven by then: these bytes are damaged, or of another row.
        .map_err(|_| Unreadable("sealed secret"))?;
    let record = Record {
        provider,
        label: Label::from(text(row, 2)?),
        source: read_source(text(row, 3)?)?,
        priority: row.get(4)?,
        generation,
        epoch: Epoch(from_column(row.get(6)?)?),
        material: read_material(&plain, &mut before.authority)?,
        standing: before.standing(text(row, 10)?)?,
        created_at: Timestamp::from_millis(row.get(11)?),
        updated_at: Timestamp::from_millis(row.get(12)?),
        id,
    };
    if row.get::<_, bool>(7)? != is_buried(&record) {
        return Err(Unreadable("tombstone").into());
    }
    Ok(record)
}

impl Before {
    /// The standing of that text: the last one, if it is the same.
    fn standing(&mut self, text: &str) -> Result<Shared<Standing>, Unreadable> {
        if let Some((written, standing)) = &self.standing
            && written == text
        {
            return Ok(standing.clone());
        }
        let standing = Shared::from(read_standing(text)?);
        self.standing = Some((text.to_owned(), standing.clone()));
        Ok(standing)
    }
}

/// The provider of that name, and what was read of it last.
fn of<'a>(name: &str, providers: &'a mut Providers) -> (ProviderId, &'a mut Before) {
    let known = providers.get_key_value(name).map(|(provider, _)| provider.clone());
    let provider = known.unwrap_or_else(|| name.into());
    let before = providers.entry(provider.clone()).or_default();
    (provider, before)
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Trouble> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

/// What a row's secret is bound to; the numbers have a fixed width, so that no two rows read the same.
fn context(id: &CredentialId, generation: Generation) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CONTEXT.len() + id.as_str().len() + size_of::<u64>() + size_of::<u32>());
    bytes.extend_from_slice(CONTEXT);
    bytes.extend_from_slice(id.as_str().as_bytes());
    bytes.extend_from_slice(&generation.0.to_le_bytes());
    bytes.extend_from_slice(&SEAL.to_le_bytes());
    bytes
}

/// What every context of a credential begins with.
const CONTEXT: &[u8] = b"evergrant credential\0";

/// The present way of sealing: XChaCha20-Poly1305 over the wire form of `material.rs`.
const SEAL: u32 = 1;

const SELECT: &str = "SELECT id, provider, label, source, priority, generation, epoch, buried, seal, sealed, \
    standing, created_at, updated_at FROM credential";

const INSERT: &str = "INSERT INTO credential (id, provider, label, source, priority, generation, epoch, buried, seal, \
    sealed, standing, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const UPDATE: &str = "UPDATE credential SET provider = ?2, label = ?3, source = ?4, priority = ?5, generation = ?6, \
    epoch = ?7, buried = ?8, seal = ?9, sealed = ?10, standing = ?11, created_at = ?12, updated_at = ?13 WHERE id = ?1";
