//! The records of a backup, written down before they are sealed.

use evergrant_engine::credential::{CredentialId, Epoch, Generation, Label, ProviderId};
use evergrant_engine::store::{Record, Standing};
use evergrant_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::material::{MaterialWire, room_for};
use super::standing::{StandingWire, read_source, write_source};
use super::unreadable::Unreadable;
use crate::store::exchange::Backup;

/// The backup as bytes, to be sealed; wiped when dropped.
pub(crate) fn write_backup(backup: &Backup) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let room = backup.records.iter().map(|record| room_for(&record.material)).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let wire = BackupWire {
        taken_at: backup.taken_at.as_millis(),
        records: backup.records.iter().map(RecordWire::from).collect(),
    };
    serde_json::to_writer(&mut *bytes, &wire).map_err(|_| Unreadable("backup"))?;
    Ok(bytes)
}

/// The backup of those bytes.
pub(crate) fn read_backup(bytes: &[u8]) -> Result<Backup, Unreadable> {
    let wire: BackupWire<'_> = serde_json::from_slice(bytes).map_err(|_| Unreadable("backup"))?;
    let records: Result<_, _> = wire.records.into_iter().map(Record::try_from).collect();
    Ok(Backup {
        taken_at: Timestamp::from_millis(wire.taken_at),
        records: records?,
    })
}

#[derive(Serialize, Deserialize)]
struct BackupWire<'a> {
    taken_at: i64,
    #[serde(borrow)]
    records: Vec<RecordWire<'a>>,
}

#[derive(Serialize, Deserialize)]
struct RecordWire<'a> {
    id: String,
    provider: String,
    label: String,
    source: String,
    priority: i32,
    generation: u64,
    epoch: u64,
    standing: StandingWire,
    created_at: i64,
    updated_at: i64,
    #[serde(borrow)]
    material: MaterialWire<'a>,
}

impl<'a> From<&'a Record> for RecordWire<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            id: record.id.to_string(),
            provider: record.provider.to_string(),
            label: record.label.to_string(),
            source: write_source(&record.source),
            priority: record.priority,
            generation: record.generation.0,
            epoch: record.epoch.0,
            standing: StandingWire::from(&*record.standing),
            created_at: record.created_at.as_millis(),
            updated_at: record.updated_at.as_millis(),
            material: MaterialWire::from(&record.material),
        }
    }
}

impl TryFrom<RecordWire<'_>> for Record {
    type Error = Unreadable;

    fn try_from(wire: RecordWire<'_>) -> Result<Self, Unreadable> {
        // An id becomes the name of files.
        let is_id =
            !wire.id.is_empty() && wire.id.len() <= ID_MAX && wire.id.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_id {
            return Err(Unreadable("id"));
        }
        if wire.generation.max(wire.epoch) > COUNT_MAX {
            return Err(Unreadable("generation"));
        }
        Ok(Self {
            id: CredentialId::from(wire.id),
            provider: ProviderId::from(wire.provider),
            label: Label::from(wire.label),
            source: read_source(&wire.source)?,
            priority: wire.priority,
            generation: Generation(wire.generation),
            epoch: Epoch(wire.epoch),
            material: wire.material.try_into()?,
            standing: Standing::try_from(wire.standing)?.into(),
            created_at: Timestamp::from_millis(wire.created_at),
            updated_at: Timestamp::from_millis(wire.updated_at),
        })
    }
}

/// Four times as long as the ids that are made.
const ID_MAX: usize = 64;

/// Half of what a column holds: whatever comes after it has room.
const COUNT_MAX: u64 = 1 << 62;
