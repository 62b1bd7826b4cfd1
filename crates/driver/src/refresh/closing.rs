//! How a renewal ends: what it gives back, what it learns, and what it revokes.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use evergrant_engine::credential::Fence;
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::recovery::renewal::Ending;
use evergrant_engine::recovery::{Obstacle, Renewed};
use tracing::warn;

use super::hands::Hands;
use super::revoking::{REVOCATION_PATIENCE, revoke};
use super::standing::learn;
use super::tools::Tools;
use crate::failpoint::{Failpoint, pass};
use crate::measures::Unwritten;
use crate::store::Quarantine;

impl Hands {
    /// Gives everything back and tells how it ended.
    pub(super) async fn finish(mut self, ending: Ending) -> Renewed {
        let Ending {
            release,
            standing,
            quarantine,
            revoke,
            forget_endpoint,
            renewed,
        } = ending;
        if let Some(fingerprint) = release
            && let Err(fault) = self.release(fingerprint).await
        {
            self.tools.measures.unwritten(Unwritten::Claim);
            warn!(%fault, "a claim could not be given back; the next renewal takes it for an unknown outcome");
        }
        if let Some(journal) = self.journal.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Its answer, if it has one, is committed or lost to a logout; its room is not needed any more.
            if let Err(fault) = journal.remove() {
                warn!(%fault, "a journal could not be removed");
            }
        }
        if let Some((fence, standing)) = standing {
            // What was read under the lock, or, where it did not come to that, what was looked at.
            let looked_at = self.seen.as_ref().and_then(|(_, view)| view.record.as_ref());
            let before = self.held_record().or(looked_at);
            let before = before.map(|record| record.standing.clone()).unwrap_or_default();
            let learnt = move |tools: &Tools| learn(&tools.ledger, &*tools.store, &fence, &before, &standing);
            if let Err(fault) = self.blocking(learnt).await {
                self.tools.measures.unwritten(Unwritten::Standing);
                warn!(%fault, "the standing of a credential could not be written");
            }
        }
        if let Some(dead) = quarantine.filter(|_| stands(Protection::Quarantine)) {
            let at = self.tools.clock.now().wall;
            warn!(target: GRANT_DEAD, provider = %self.row.id, fingerprint = %dead.fingerprint, signal = %dead.why, "the provider ended the grant; its refresh token is quarantined");
            let quarantine = Quarantine {
                fence: dead.fence,
                fingerprint: dead.fingerprint,
                why: dead.why,
                last_error: dead.last_error,
                at,
            };
            self.bench(quarantine).await;
        }
        if forget_endpoint {
            self.tools.metadata.forget(&self.row);
        }
        match &renewed {
            Renewed::Usable {
                fence, minted: false, ..
            } => self.adopt(fence).await,
            // Another process logged out: this one must not go on serving what it has in memory.
            Renewed::Unusable {
                obstacle: Obstacle::LoggedOut,
                ..
            } => self.look_again().await,
            Renewed::Usable { .. } | Renewed::Unusable { .. } => {}
        }
        if revoke {
            self.revoke().await;
        }
        renewed
    }

    /// Quarantines, and tries again where the disk fails: what was proven need not be asked for once more. If nothing helps,
    /// the claim stays, and the token is not sent while the access token serves.
    async fn bench(&self, quarantine: Quarantine) {
        for rest in (0..QUARANTINE_TRIES).rev() {
            let quarantine = quarantine.clone();
            let done = self
                .blocking(move |tools| {
                    tools.store.quarantine(&quarantine)?;
                    pass(Failpoint::Quarantined);
                    tools.ledger.look()
                })
                .await;
            let Err(fault) = done else { return };
            self.tools.measures.unwritten(Unwritten::Quarantine);
            warn!(%fault, "a dead refresh token could not be quarantined on disk");
            if rest > 0 {
                tokio::time::sleep(QUARANTINE_PAUSE).await;
            }
        }
    }

    /// Shows what another process renewed.
    async fn adopt(&self, fence: &Fence) {
        let picture = self.tools.ledger.picture();
        let shown = picture.record(&fence.id).is_some_and(|record| record.fence() == *fence);
        if !shown {
            self.look_again().await;
        }
    }

    async fn look_again(&self) {
        if let Err(fault) = self.blocking(|tools| tools.ledger.look()).await {
            warn!(%fault, "the store could not be read again");
        }
    }

    /// A logout won while the token was on its way: what came back must not outlive it (RFC 7009). It is queued already.
    async fn revoke(&mut self) {
        // There is nothing left to renew; the next login need not wait for the provider's answer.
        self.locks.clear();
        let Some((answer, _)) = &self.answer else { return };
        let key = self.tools.store.fingerprint_key();
        let received: Vec<_> = [Some(&answer.access_token), answer.refresh_token.as_ref()]
            .into_iter()
            .flatten()
            .map(|token| key.fingerprint(token))
            .collect();
        let queued = self.blocking(|tools| tools.store.revocations()).await;
        let own = queued.map(|queued| {
            let received = queued.into_iter().filter(|one| received.contains(&one.fingerprint));
            received.collect()
        });
        match own {
            Ok(own) => drop(revoke(&self.tools, |_| Some(Arc::clone(&self.row)), own, REVOCATION_PATIENCE).await),
            Err(fault) => warn!(%fault, "what waits for its revocation could not be read"),
        }
    }
}

/// The log's name for the end of a grant: whoever asked for the renewal is told in other words as well.
const GRANT_DEAD: &str = "evergrant::grant_dead";

/// Three tries: a fault that passes has passed by then ...
const QUARANTINE_TRIES: u32 = 3;

/// ... and whoever waits for the answer is not kept for long.
const QUARANTINE_PAUSE: Duration = Duration::from_millis(500);
