//! A commit that is not yet one, written down for the journal before it is sealed.

use evergrant_engine::credential::{CredentialId, Epoch, Fence, Generation, Label, ProviderId};
use evergrant_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::material::{MaterialWire, room_for};
use super::standing::{StandingWire, read_fingerprint, write_fingerprint};
use super::unreadable::Unreadable;
use crate::store::exchange::Commit;

/// The commit as bytes, to be sealed; wiped when dropped.
pub(in crate::store) fn write_commit(commit: &Commit) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(room_for(&commit.material)));
    let wire = CommitWire {
        id: commit.from.id.as_str().to_owned(),
        generation: commit.from.generation.0,
        epoch: commit.from.epoch.0,
        provider: commit.provider.as_str().to_owned(),
        label: commit.label.as_str().to_owned(),
        spent: write_fingerprint(&commit.spent),
        standing: StandingWire::from(&commit.standing),
        at: commit.at.as_millis(),
        material: MaterialWire::from(&commit.material),
    };
    serde_json::to_writer(&mut *bytes, &wire).map_err(|_| Unreadable("commit"))?;
    Ok(bytes)
}

/// The commit of those bytes.
pub(in crate::store) fn read_commit(bytes: &[u8]) -> Result<Commit, Unreadable> {
    let wire: CommitWire<'_> = serde_json::from_slice(bytes).map_err(|_| Unreadable("commit"))?;
    Ok(Commit {
        from: Fence {
            id: CredentialId::from(wire.id),
            generation: Generation(wire.generation),
            epoch: Epoch(wire.epoch),
        },
        provider: ProviderId::from(wire.provider),
        label: Label::from(wire.label),
        spent: read_fingerprint(&wire.spent)?,
        material: wire.material.try_into()?,
        standing: wire.standing.try_into()?,
        at: Timestamp::from_millis(wire.at),
    })
}

#[derive(Serialize, Deserialize)]
struct CommitWire<'a> {
    id: String,
    generation: u64,
    epoch: u64,
    /// Empty in what an earlier version wrote.
    #[serde(default)]
    provider: String,
    #[serde(default)]
    label: String,
    spent: String,
    standing: StandingWire,
    at: i64,
    #[serde(borrow)]
    material: MaterialWire<'a>,
}
