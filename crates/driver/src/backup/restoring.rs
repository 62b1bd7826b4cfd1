//! Bringing a backup back into an open home.

use evergrant_engine::failure::Failure;

use super::report::{Restoration, RestoredOne, RestoredReport};
use super::sealed::OpenedBackup;
use crate::driver::Driver;
use crate::store::Restored;

impl Driver {
    /// Brings back what a backup holds and this home does not, all of it or, if the store fails, nothing. What lives here is
    /// never overwritten. A grant comes back as `outcome-unknown`: its access token is used while it lasts, and its refresh
    /// token is sent once when nothing is left to lose, because its first home may have gone on using it. What was logged
    /// out or removed here comes back only with `revive`, and a token that is spent or dead never.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub async fn restore(&self, opened: OpenedBackup, revive: bool) -> Result<RestoredReport, Failure> {
        let OpenedBackup { backup } = opened;
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
}
