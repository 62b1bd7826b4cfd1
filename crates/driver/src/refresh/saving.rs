//! How a received answer is made durable and shown: journal, commit, publication.

use std::sync::{Arc, PoisonError};

use evergrant_engine::credential::{Fence, Material};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::recovery::Renewed;
use evergrant_engine::recovery::renewal::Input;
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::store::{Health, Record, Standing};
use tracing::{error, info, warn};

use super::hands::Hands;
use crate::failpoint::{Failpoint, pass};
use crate::measures::Unwritten;
use crate::store::{Commit, CommitAnswer, StoreFault};

impl Hands {
    /// Journal, commit, publish.
    pub(super) async fn commit(&mut self, from: Fence, spent: Fingerprint, standing: Standing) -> Input {
        let held = (self.held_record(), self.held_grant(), &self.answer);
        let (Some(record), Some(grant), Some((answer, received))) = held else {
            return self.out_of_order("no answer");
        };
        let now = self.tools.clock.now();
        let commit = Commit {
            from,
            provider: record.provider.clone(),
            label: record.label.clone(),
            spent,
            material: Material::Grant(Box::new(answer.clone().renew(grant, received.clone()))),
            standing,
            at: now.wall,
        };
        if !stands(Protection::LockToCommit) {
            self.locks.clear();
        }
        // Here and now: until it is written the answer is in memory only, and another thread would have to wake up first.
        tokio::task::block_in_place(|| self.write_down(&commit));
        let journal = Arc::clone(&self.journal);
        let answer = self
            .blocking(move |tools| {
                let answer = tools.store.commit(&commit)?;
                pass(Failpoint::Committed);
                if let Some(journal) = journal.lock().unwrap_or_else(PoisonError::into_inner).take()
                    && let Err(fault) = journal.remove()
                {
                    warn!(%fault, "a journal that is no longer needed could not be removed; the next lock finds it finished");
                }
                pass(Failpoint::JournalRemoved);
                Ok(answer)
            })
            .await;
        match answer {
            Ok(CommitAnswer::Done(record)) => {
                info!(
                    provider = %record.provider, label = %record.label, generation = record.generation.0,
                    fingerprint = %spent, "renewed"
                );
                let fence = record.fence();
                self.tools.ledger.publish(*record);
                pass(Failpoint::Published);
                Input::Committed(fence)
            }
            // Where the record is gone altogether, no later try finds it either.
            Ok(CommitAnswer::LoggedOut) | Err(StoreFault::NoRecord(_)) => Input::LostToLogout,
            Ok(CommitAnswer::Superseded(record)) => {
                let fence = record.fence();
                self.tools.ledger.publish(*record);
                Input::LostToLogin(fence)
            }
            Err(fault) => {
                self.tools.measures.unwritten(Unwritten::Commit);
                error!(%fault, "a renewed token could not be saved; it is kept in memory and in the journal, and saving is tried again");
                Input::NotCommitted(fault.to_string())
            }
        }
    }

    /// Shows the received token to this process though it is not durable.
    pub(super) fn publish_unsaved(&self) -> Renewed {
        let held = (self.held_record(), self.held_grant(), &self.answer);
        let (Some(record), Some(grant), Some((answer, received))) = held else {
            return self.lost();
        };
        let now = self.tools.clock.now();
        let unsaved = Record {
            generation: record.generation.next(),
            material: Material::Grant(Box::new(answer.clone().renew(grant, received.clone()))),
            standing: Standing::clone(&record.standing)
                .overshadowed(Health::Unsaved { since: now.wall })
                .into(),
            ..record.clone()
        };
        let fence = unsaved.fence();
        self.tools.ledger.publish(unsaved);
        Renewed::Usable {
            fence,
            minted: true,
            saved: false,
        }
    }

    /// Puts the answer into the journal, if room was kept for it; the commit does not wait for a disk that fails here.
    fn write_down(&self, commit: &Commit) {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(fault)) = journal.as_ref().map(|journal| journal.write(commit)) {
            self.tools.measures.unwritten(Unwritten::Journal);
            warn!(%fault, "the journal could not be written; the commit is tried all the same");
        }
    }
}
