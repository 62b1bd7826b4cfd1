//! What a renewal has learnt of a credential, written beside what requests learn of it at the same time.

use evergrant_engine::credential::Fence;
use evergrant_engine::store::{Standing, amend};

use crate::ledger::Ledger;
use crate::store::{Store, StoreFault};

/// Changes the standing by what `after` has learnt since `before`, in memory and in the store.
pub(super) fn learn(
    ledger: &Ledger,
    store: &dyn Store,
    fence: &Fence,
    before: &Standing,
    after: &Standing,
) -> Result<(), StoreFault> {
    let ticket = ledger.learn(fence, before, after);
    let written = store.amend(fence, &mut |stored| *stored = amend(before, after.clone(), stored));
    ledger.written(ticket);
    written.map(drop)
}
