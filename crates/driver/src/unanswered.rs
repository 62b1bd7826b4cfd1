//! Renewals whose sender is gone: the store keeps their claim, and only that tells that a token may have been spent.

use evergrant_engine::store::{Claim, Health, Record};
use evergrant_engine::time::Timestamp;

use crate::store::{LockName, Store, StoreFault};

/// The records as they stand for whoever only reads: a claim that was sent, and whose sender has gone without an answer,
/// leaves the outcome unknown, although nobody was left to write that down.
pub(crate) fn as_they_stand(store: &dyn Store, mut records: Vec<Record>) -> Result<Vec<Record>, StoreFault> {
    for claim in store.open_claims()? {
        let Some(since) = sent(&claim) else { continue };
        let record = records
            .iter_mut()
            .find(|record| record.id == claim.credential && record.generation == claim.generation);
        let Some(record) = record else { continue };
        // As long as the sender lives its answer may still come.
        if record.standing.health == Health::Ready && store.holder(&LockName::Credential(record.id.clone()))?.is_none()
        {
            record.standing.health = Health::OutcomeUnknown { since };
        }
    }
    Ok(records)
}

fn sent(claim: &Claim) -> Option<Timestamp> {
    claim.sent.as_ref().map(|sent| sent.wall)
}
