//! Writing imported credentials into the store, each in its one record.

use evergrant_engine::credential::{Fence, Grant, LoginOrigin, Material, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Record, Source};
use evergrant_engine::time::Moment;

use super::found::FoundGrant;
use super::matching::expiry;
use super::work::Work;
use crate::entropy::random;
use crate::store::{Draft, Placement};

/// Keeps a credential of this tool in a new record, or in the place of the one at that fence.
pub(super) fn keep(
    work: &Work<'_>,
    provider: &ProviderId,
    material: Material,
    replaced: Option<Fence>,
) -> Result<Record, Failure> {
    let draft = Draft {
        provider: provider.clone(),
        label: None,
        source: Source::Imported(work.tool.as_str().to_owned()),
        material,
        at: work.clock.now().wall,
        entropy: u128::from_le_bytes(random::<16>()?),
    };
    let placement = replaced.map_or(Placement::New, Placement::Replace);
    let record = work.store.place(&draft, &placement)?;
    work.ledger.publish(record.clone());
    Ok(record)
}

/// Changes the material of the record at that fence, and nothing else; `None` if it has moved on.
pub(super) fn refill(work: &Work<'_>, fence: &Fence, material: &Material) -> Result<Option<Record>, Failure> {
    let at = work.clock.now().wall;
    let record = work.store.refill(fence, material, at)?;
    if let Some(record) = &record {
        work.ledger.publish(record.clone());
    }
    Ok(record)
}

/// A found grant as one of ours.
pub(super) fn grant(found: &FoundGrant, login: LoginOrigin, now: Moment) -> Grant {
    Grant {
        access_token: found.access_token.clone(),
        refresh_token: found.refresh_token.clone(),
        id_token: found.id_token.clone(),
        token_type: "Bearer".to_owned(),
        scope: None,
        lifetime: expiry(found).map(|at| at.since(now.wall)),
        obtained: now,
        login,
    }
}

/// The record of the provider that keeps this key already.
pub(super) fn with_key<'a>(records: &'a [Record], provider: &ProviderId, key: &Secret<String>) -> Option<&'a Record> {
    records
        .iter()
        .filter(|record| record.provider == *provider)
        .find(|record| matches!(&record.material, Material::ApiKey(kept) if kept == key))
}
