//! Goes on revoking what logouts could not: the part of a process that stays.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tracing::warn;

use crate::kernel::Kernel;
use crate::refresh::{REVOCATION_PATIENCE, revoke};
use crate::store::StoreFault;

/// Tries what is due, again and again, until the driver is gone.
pub(crate) async fn revoke_queued(kernel: Weak<Kernel>) {
    let mut failing = false;
    loop {
        let next = {
            let Some(kernel) = kernel.upgrade() else { return };
            let tried = pass(&kernel).await;
            if let Err(fault) = &tried
                && !failing
            {
                warn!(%fault, "what waits for its revocation cannot be read");
            }
            failing = tried.is_err();
            tried.unwrap_or(WAKE_MAX)
        };
        tokio::time::sleep(next.clamp(WAKE_MIN, WAKE_MAX)).await;
    }
}

/// Tries everything that is due; answers how long until the next is.
async fn pass(kernel: &Arc<Kernel>) -> Result<Duration, StoreFault> {
    let queued = kernel.blocking(|kernel| kernel.store().revocations()).await?;
    let now = kernel.clock().now().wall;
    let (due, later): (Vec<_>, Vec<_>) = queued
        .into_iter()
        .partition(|token| token.due_in(now).is_zero() || token.is_over(now));
    let next = later.iter().map(|token| token.due_in(now)).min();
    let table = kernel.table();
    revoke(
        kernel.tools(),
        |provider| table.row(provider).cloned(),
        due,
        REVOCATION_PATIENCE,
    )
    .await;
    Ok(next.unwrap_or(WAKE_MAX))
}

/// 30 s: what another process queues meanwhile is tried by that process first, and its wait has begun anew by then.
const WAKE_MAX: Duration = Duration::from_secs(30);

/// 1 s: nobody waits for it.
const WAKE_MIN: Duration = Duration::from_secs(1);
