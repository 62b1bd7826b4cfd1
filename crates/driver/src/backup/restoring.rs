//! Bringing a backup back into an open home.

use std::collections::BTreeSet;
use std::time::Duration;

use evergrant_engine::credential::Material;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;

use super::report::{Restoration, RestoredOne, RestoredReport};
use super::sealed::OpenedBackup;
use crate::driver::Driver;
use crate::store::{Backup, Held, Restored};

impl Driver {
    /// Brings back what a backup holds and this home does not, all of it or, if the store fails, nothing. What lives here is
    /// never overwritten. A grant comes back as `outcome-unknown`: its access token is used while it lasts, and its refresh
    /// token is sent once when nothing is left to lose, because its first home may have gone on using it. What was logged
    /// out or removed here comes back only with `revive`, and a token that is spent or dead never.
    ///
    /// # Errors
    /// A store that cannot be written; `lock-held` if a renewal of what is to be revived does not end.
    pub async fn restore(&self, opened: OpenedBackup, revive: bool) -> Result<RestoredReport, Failure> {
        self.restore_within(opened, revive, RENEWAL_PATIENCE).await
    }

    /// The same, waiting no longer than this for each renewal under way to end.
    ///
    /// # Errors
    /// The same.
    pub async fn restore_within(
        &self,
        opened: OpenedBackup,
        revive: bool,
        patience: Duration,
    ) -> Result<RestoredReport, Failure> {
        let OpenedBackup { backup } = opened;
        let _held = if revive {
            self.quiet(&backup, patience).await?
        } else {
            Vec::new()
        };
        let named: Vec<_> = backup
            .records
            .iter()
            .map(|record| (record.provider.clone(), record.label.clone()))
            .collect();
        let taken_at = backup.taken_at;
        let now = self.kernel.clock().now().wall;
        let ended = self
            .kernel
            .blocking(move |kernel| {
                let ended = kernel.store().restore(&backup, revive, now)?;
                kernel.ledger().look()?;
                Ok(ended)
            })
            .await?;
        let table = self.kernel.table();
        let credentials = named
            .into_iter()
            .zip(ended)
            .map(|((provider, label), ended)| RestoredOne {
                end: match ended {
                    Restored::Back(record) => Restoration::Back {
                        account: Box::new(self.account(&record)),
                        has_row: table.row(&provider).is_some(),
                    },
                    Restored::Left(left) => Restoration::Left {
                        word: left.as_str(),
                        why: left.sentence(),
                    },
                },
                provider,
                label,
            });
        Ok(RestoredReport {
            taken_at,
            credentials: credentials.collect(),
        })
    }

    /// The locks of what may be revived: a renewal of it may be under way still, whose answer would find a newer record in
    /// its place and be lost.
    async fn quiet(&self, backup: &Backup, patience: Duration) -> Result<Vec<Box<dyn Held>>, Failure> {
        self.kernel.blocking(|kernel| kernel.ledger().look()).await?;
        let grants = backup
            .records
            .iter()
            .filter(|record| matches!(record.material, Material::Grant(_)));
        let grants: BTreeSet<_> = grants.map(|record| &record.id).collect();
        let picture = self.kernel.ledger().picture();
        let gone = picture
            .records()
            .filter(|record| matches!(record.material, Material::Gone) && grants.contains(&record.id));
        let mut held = Vec::new();
        for record in gone {
            let lock = self.renewal_lock(&record.id, patience).await;
            held.push(lock.ok_or_else(|| {
                let (label, provider) = (&record.label, &record.provider);
                let message = format!("nothing was restored: a renewal of `{label}` at {provider} is under way");
                Failure::new(Code::LockHeld, message).with_remedy(Remedy::Wait { until: None })
            })?);
        }
        Ok(held)
    }
}

/// 10 s: nearly every renewal under way ends within it, and a person still waits that long.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(10);
