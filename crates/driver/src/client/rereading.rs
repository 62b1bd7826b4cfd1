//! Reads a borrowed token's file again on a request's way.

use std::sync::Arc;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::pool::Lease;
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::remedy::Remedy;

use crate::import::Borrowing;

/// What stands in the file now; it is read apart from the runtime's threads.
pub(super) async fn reread(lease: &Lease, borrowing: &Arc<Borrowing>) -> Renewed {
    let (borrowing, asked) = (Arc::clone(borrowing), lease.clone());
    let read = tokio::task::spawn_blocking(move || borrowing.reread(&asked)).await;
    read.unwrap_or_else(|_| {
        let failure = Failure::new(Code::Internal, "a borrowed token's file could not be read again");
        unusable(lease, Obstacle::NotRenewable, failure.with_remedy(Remedy::Report))
    })
}

/// The outcome of a renewal that nothing could be done for.
pub(super) fn unusable(lease: &Lease, obstacle: Obstacle, failure: Failure) -> Renewed {
    Renewed::Unusable {
        generation: lease.fence.generation,
        obstacle,
        failure,
    }
}
