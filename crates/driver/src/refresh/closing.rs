//! How a renewal ends: what it gives back, what it learns, and what it revokes.

use std::sync::PoisonError;

use evergrant_engine::credential::Fence;
use evergrant_engine::login::TokenHint;
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::recovery::Renewed;
use evergrant_engine::recovery::renewal::Ending;
use tracing::warn;

use super::hands::Hands;
use super::standing::learn;
use super::tools::{Tools, revoke};
use crate::failpoint::{Failpoint, pass};
use crate::store::Quarantine;

impl Hands {
    /// Gives everything back and tells how it ended.
    pub(super) async fn finish(self, ending: Ending) -> Renewed {
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
            warn!(%fault, "a claim could not be given back; the next renewal takes it for an unknown outcome");
        }
        if let Some(journal) = self.journal.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Its answer, if it has one, is committed or lost to a logout; its room is not needed any more.
            if let Err(fault) = journal.remove() {
                warn!(%fault, "a journal could not be removed");
            }
        }
        if let Some((fence, standing)) = standing {
            let before = self
                .held_record()
                .map(|record| record.standing.clone())
                .unwrap_or_default();
            let learnt = move |tools: &Tools| learn(&tools.ledger, &*tools.store, &fence, &before, &standing);
            if let Err(fault) = self.blocking(learnt).await {
                warn!(%fault, "the standing of a credential could not be written");
            }
        }
        if let Some(dead) = quarantine.filter(|_| stands(Protection::Quarantine)) {
            let at = self.tools.clock.now().wall;
            warn!(provider = %self.row.id, fingerprint = %dead.fingerprint, signal = %dead.why, "the provider ended the grant; its refresh token is quarantined");
            let quarantine = Quarantine {
                fence: dead.fence,
                fingerprint: dead.fingerprint,
                why: dead.why,
                last_error: dead.last_error,
                at,
            };
            let done = self
                .blocking(move |tools| {
                    tools.store.quarantine(&quarantine)?;
                    pass(Failpoint::Quarantined);
                    tools.ledger.look()
                })
                .await;
            if let Err(fault) = done {
                warn!(%fault, "a dead refresh token could not be quarantined on disk");
            }
        }
        if forget_endpoint {
            self.tools.metadata.forget(&self.row);
        }
        if revoke {
            self.revoke().await;
        }
        if let Renewed::Usable {
            fence, minted: false, ..
        } = &renewed
        {
            self.adopt(fence).await;
        }
        renewed
    }

    /// Shows what another process renewed.
    async fn adopt(&self, fence: &Fence) {
        let picture = self.tools.ledger.picture();
        let shown = picture.record(&fence.id).is_some_and(|record| record.fence() == *fence);
        if !shown && let Err(fault) = self.blocking(|tools| tools.ledger.look()).await {
            warn!(%fault, "the store could not be read again");
        }
    }

    /// A logout won while the token was on its way: what came back must not outlive it (RFC 7009).
    async fn revoke(&self) {
        let Some((answer, _)) = &self.answer else { return };
        let (token, hint) = match &answer.refresh_token {
            Some(token) => (token, TokenHint::Refresh),
            None => (&answer.access_token, TokenHint::Access),
        };
        if let Err(failure) = revoke(&self.tools, &self.row, token, hint).await {
            warn!(%failure, "a token received after a logout could not be revoked");
        }
    }
}
