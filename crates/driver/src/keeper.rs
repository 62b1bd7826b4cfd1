//! The keeper: renews every grant ahead of its expiry, through sleep and idleness, by the same renewal as everyone.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use evergrant_engine::credential::CredentialId;
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::Renewed;
use evergrant_engine::recovery::renewal::{Ask, Asker, Reason, renew_at};
use evergrant_engine::time::Moment;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::entropy::jitter;
use crate::kernel::Kernel;

/// Keeps grants fresh until the driver is gone; `spread` is this process's share of the jitter.
pub(crate) async fn keep(kernel: Weak<Kernel>, spread: u64) {
    let mut patience = Patience::default();
    loop {
        let next = {
            let Some(kernel) = kernel.upgrade() else { return };
            let now = kernel.clock().now();
            let (due, next) = due(&kernel, &patience, spread, &now);
            let mut flights = JoinSet::new();
            for (ask, row) in due {
                let kernel = Arc::clone(&kernel);
                flights.spawn(async move { (ask.fence.id.clone(), kernel.renewals().renew(ask, row).await) });
            }
            while let Some(flown) = flights.join_next().await {
                let Ok((id, renewed)) = flown else { continue };
                patience.heard(id, &renewed, &kernel.clock().now());
            }
            next
        };
        tokio::time::sleep(next.clamp(WAKE_MIN, WAKE_MAX)).await;
    }
}

/// Who is due now, and how long until the next one is.
fn due(kernel: &Kernel, patience: &Patience, spread: u64, now: &Moment) -> (Vec<(Ask, Arc<Row>)>, Duration) {
    let table = kernel.table();
    let mut asks = Vec::new();
    let mut next = WAKE_MAX;
    for record in kernel.ledger().picture().records() {
        let Some(row) = table.row(&record.provider) else {
            continue;
        };
        let Some(at) = row.oauth().and_then(|oauth| renew_at(record, oauth, spread)) else {
            continue;
        };
        let left = at.since(now.wall).max(patience.left(&record.id, now));
        if left.is_zero() {
            let fence = record.fence();
            let ask = Ask {
                fence,
                reason: Reason::Wanted,
                asker: Asker::Keeper,
                min_valid: Duration::ZERO,
            };
            asks.push((ask, Arc::clone(row)));
        } else {
            next = next.min(left);
        }
    }
    (asks, next)
}

/// How long the keeper leaves a grant alone that could not be renewed: doubling, with full jitter.
#[derive(Default)]
struct Patience(HashMap<CredentialId, Left>);

/// Failures in a row, when the last one was, and the wait drawn after it.
struct Left {
    failures: u32,
    since: Moment,
    wait: Duration,
}

impl Patience {
    fn left(&self, id: &CredentialId, now: &Moment) -> Duration {
        self.0
            .get(id)
            .map_or(Duration::ZERO, |left| left.wait.saturating_sub(now.since(&left.since)))
    }

    fn heard(&mut self, id: CredentialId, renewed: &Renewed, now: &Moment) {
        match renewed {
            Renewed::Usable { fence, minted, .. } => {
                debug!(credential = %id, generation = fence.generation.0, minted, "kept fresh");
                self.0.remove(&id);
            }
            Renewed::Unusable { failure, .. } => {
                warn!(credential = %id, code = failure.code.as_str(), "not kept fresh: {failure}");
                let failures = self.0.get(&id).map_or(1, |left| left.failures.saturating_add(1));
                let ceiling = PATIENCE_MAX.min(PATIENCE_MIN * 2_u32.saturating_pow(failures.min(10) - 1));
                let share = u32::try_from(jitter() % 1_000).unwrap_or(0);
                let wait = WAKE_MIN.max(ceiling / 1_000 * share);
                self.0.insert(
                    id,
                    Left {
                        failures,
                        since: now.clone(),
                        wait,
                    },
                );
            }
        }
    }
}

/// 30 s: a laptop's sleep must not strand the keeper, whose timers may not have run meanwhile.
const WAKE_MAX: Duration = Duration::from_secs(30);

/// 250 ms: a token that lives for seconds is kept as well, and nothing spins.
const WAKE_MIN: Duration = Duration::from_millis(250);

/// 2 s after the first failure ...
const PATIENCE_MIN: Duration = Duration::from_secs(2);

/// ... and 5 min at most.
const PATIENCE_MAX: Duration = Duration::from_secs(300);
