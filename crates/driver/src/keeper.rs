//! The keeper: renews every grant ahead of its expiry, through sleep and idleness, by the same renewal as everyone.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Epoch};
use evergrant_engine::pool::{Nearness, nearness, warning};
use evergrant_engine::provider::{OAuth, Row};
use evergrant_engine::recovery::Renewed;
use evergrant_engine::recovery::renewal::{Ask, Asker, Reason, renew_in};
use evergrant_engine::store::Record;
use evergrant_engine::time::{Moment, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::account::hard_end;
use crate::entropy::jitter;
use crate::kernel::Kernel;

/// Keeps grants fresh until the driver is gone; `spread` is this process's share of the jitter.
pub(crate) async fn keep(kernel: Weak<Kernel>, spread: u64) {
    let mut keeper = Keeper {
        spread,
        ..Keeper::default()
    };
    let mut flights = JoinSet::new();
    let Some(news) = kernel.upgrade().map(|kernel| kernel.ledger().news()) else {
        return;
    };
    loop {
        let next = {
            let Some(kernel) = kernel.upgrade() else { return };
            let (due, next) = keeper.look(&kernel);
            for (ask, row) in due {
                let kernel = Arc::clone(&kernel);
                flights.spawn(async move { (ask.fence.id.clone(), kernel.renewals().renew(ask, row).await) });
            }
            next
        };
        // A renewal that takes its time holds up nobody else's.
        let landed = tokio::select! {
            Some(landed) = flights.join_next() => Some(landed),
            _ = timeout(next.clamp(WAKE_MIN, WAKE_MAX), news.notified()) => None,
        };
        if let Some(landed) = landed {
            let Some(kernel) = kernel.upgrade() else { return };
            // A flight that broke off is a fault of ours, which its runtime has logged; its grant is looked at again.
            match landed {
                Ok((id, renewed)) => keeper.heard(&kernel, id, &renewed),
                Err(_) => keeper.flying.clear(),
            }
        }
        sleep(WAKE_MIN).await;
    }
}

/// What the keeper remembers between two looks.
#[derive(Default)]
struct Keeper {
    spread: u64,
    flying: HashSet<CredentialId>,
    patience: HashMap<CredentialId, Patience>,
    warned: HashMap<(CredentialId, Epoch), Nearness>,
}

/// How long a grant is left alone that is due although it was renewed, or tried, just now: doubling, with full jitter.
struct Patience {
    /// How often in a row.
    times: u32,
    since: Moment,
    wait: Duration,
}

impl Keeper {
    /// Who is due now, and how long until the next one is.
    fn look(&mut self, kernel: &Kernel) -> (Vec<(Ask, Arc<Row>)>, Duration) {
        let (table, now) = (kernel.table(), kernel.clock().now());
        let mut asks = Vec::new();
        let mut next = WAKE_MAX;
        for record in kernel.ledger().picture().records() {
            let Some(row) = table.row(&record.provider) else {
                continue;
            };
            let Some(oauth) = row.oauth() else { continue };
            self.warn(record, oauth, &now);
            if self.flying.contains(&record.id) {
                continue;
            }
            let Some(left) = renew_in(record, oauth, self.spread, &now) else {
                continue;
            };
            let left = left.max(self.left(&record.id, &now));
            if !left.is_zero() {
                next = next.min(left);
                continue;
            }
            self.flying.insert(record.id.clone());
            let ask = Ask {
                fence: record.fence(),
                reason: Reason::Wanted,
                asker: Asker::Keeper,
                min_valid: Duration::ZERO,
            };
            asks.push((ask, Arc::clone(row)));
        }
        (asks, next)
    }

    fn left(&self, id: &CredentialId, now: &Moment) -> Duration {
        let patience = self.patience.get(id);
        patience.map_or(Duration::ZERO, |patience| {
            patience.wait.saturating_sub(now.since(&patience.since))
        })
    }

    /// A renewal has ended. Whatever it says: a grant that is due all the same is not asked for again at once.
    fn heard(&mut self, kernel: &Kernel, id: CredentialId, renewed: &Renewed) {
        self.flying.remove(&id);
        let now = kernel.clock().now();
        let asked = match renewed {
            Renewed::Usable { fence, minted, .. } => {
                debug!(credential = %id, generation = fence.generation.0, minted, "kept fresh");
                Duration::ZERO
            }
            Renewed::Unusable { failure, .. } => {
                warn!(credential = %id, code = failure.code.as_str(), "not kept fresh: {failure}");
                failure.retry_after.unwrap_or_default()
            }
        };
        let table = kernel.table();
        let picture = kernel.ledger().picture();
        let due = picture.record(&id).is_some_and(|record| {
            let oauth = table.row(&record.provider).and_then(|row| row.oauth());
            let left = oauth.and_then(|oauth| renew_in(record, oauth, self.spread, &now));
            left.is_some_and(|left| left < DUE_AGAIN)
        });
        if !due {
            self.patience.remove(&id);
            return;
        }
        let times = self
            .patience
            .get(&id)
            .map_or(1, |patience| patience.times.saturating_add(1));
        let ceiling = PATIENCE_MAX.min(PATIENCE_MIN * 2_u32.saturating_pow(times.min(10) - 1));
        let share = u32::try_from(jitter() % 1_000).unwrap_or(0);
        let patience = Patience {
            times,
            since: now,
            wait: DUE_AGAIN.max(ceiling / 1_000 * share).max(asked),
        };
        self.patience.insert(id, patience);
    }

    fn warn(&mut self, record: &Record, oauth: &OAuth, now: &Moment) {
        let end = hard_end(record, oauth);
        if let Some(warning) = end.and_then(|end| self.stage_of(record, end, now)) {
            warn!(provider = %record.provider, label = %record.label, "{warning}");
        }
    }

    /// What is to be said of a login whose end is near: once a stage.
    fn stage_of(&mut self, record: &Record, end: Timestamp, now: &Moment) -> Option<String> {
        let near = nearness(end, now);
        let warned = self.warned.entry((record.id.clone(), record.epoch));
        let warned = warned.or_insert(Nearness::Far);
        if *warned >= near {
            return None;
        }
        *warned = near;
        warning(end, near)
    }
}

/// 27 s: a laptop's sleep must not strand the keeper, whose timers may not have run meanwhile; 30 s after waking its grants
/// are renewed.
const WAKE_MAX: Duration = Duration::from_secs(27);

/// 250 ms between two looks: a token that lives for seconds is kept as well, and nothing spins.
const WAKE_MIN: Duration = Duration::from_millis(250);

/// 1 s: what is due again sooner than this after a renewal cannot be kept ahead of time, whatever its answer or the
/// clock says.
const DUE_AGAIN: Duration = Duration::from_secs(1);

/// 2 s after the first time ...
const PATIENCE_MIN: Duration = Duration::from_secs(2);

/// ... and 5 min at most.
const PATIENCE_MAX: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use evergrant_engine::credential::{Generation, Material};
    use evergrant_engine::store::{Source, Standing};

    use super::*;

    #[test]
    fn each_stage_of_a_login_that_ends_is_told_once() {
        let now = |days: u64| Moment::default().plus(Duration::from_secs(days * 86_400));
        let end = now(30).wall;
        let mut record = Record {
            id: "id".into(),
            provider: "acme".into(),
            label: "default".into(),
            source: Source::Added,
            priority: 0,
            generation: Generation(1),
            epoch: Epoch(1),
            material: Material::Gone,
            standing: Standing::default().into(),
            created_at: end,
            updated_at: end,
        };
        let mut keeper = Keeper::default();
        let told: Vec<u64> = (0..40)
            .flat_map(|day| [day, day])
            .filter(|day| keeper.stage_of(&record, end, &now(*day)).is_some())
            .collect();
        assert_eq!(told, [23, 29, 30], "a week before, a day before, and when it is over");
        record.epoch = Epoch(2);
        let again = keeper.stage_of(&record, end, &now(29)).unwrap();
        assert!(again.contains(&end.to_string()), "{again}");
    }
}
