//! Bringing a backup back into an open home.

use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Fence};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use tokio::time::Instant;

use super::report::{Restoration, RestoredOne, RestoredReport};
use super::sealed::OpenedBackup;
use crate::driver::Driver;
use crate::store::{Backup, RestoreAnswer, Restored, StoreFault};

impl Driver {
    /// Brings back what a backup holds and this home does not, all of it or, if the store fails, nothing. What lives here is
    /// never overwritten. A grant comes back as `outcome-unknown`: its access token is used while it lasts, and its refresh
    /// token is sent once when nothing is left to lose, because its first home may have gone on using it. What was logged
    /// out or removed here comes back only with `revive`, and a token that is spent or dead never.
    ///
    /// # Errors
    /// A store that cannot be written; `lock-held` if a renewal of what is to be revived does not end.
    ///
    /// ```
    /// # use evergrant_driver::settings::Settings;
    /// # use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
    /// # let here = Driver::open(settings("here")?)?;
    /// # here.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// # let passphrase = Secret::from("correct horse battery");
    /// # let opened = SealedBackup::read(export(&settings("here")?, &passphrase)?.text.as_bytes())?.open(&passphrase)?;
    /// here.remove("openai/default").await?;
    /// // What was removed on purpose comes back on purpose only.
    /// assert_eq!(here.restore(opened.clone(), false).await?.back().count(), 0);
    /// assert_eq!(here.restore(opened, true).await?.back().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restore(&self, opened: OpenedBackup, revive: bool) -> Result<RestoredReport, Failure> {
        self.restore_within(opened, revive, RENEWAL_PATIENCE).await
    }

    /// The same, waiting no longer than this for the renewals under way to end, for all of them together.
    ///
    /// # Errors
    /// The same.
    ///
    /// ```
    /// # use evergrant_driver::settings::Settings;
    /// # use evergrant_driver::{Driver, KeySource, SealedBackup, Secret, export};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let settings = |name: &str| Settings::load(Some(folder.path().join(name)), []);
    /// # let here = Driver::open(settings("here")?)?;
    /// # here.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// # let passphrase = Secret::from("correct horse battery");
    /// # let opened = SealedBackup::read(export(&settings("here")?, &passphrase)?.text.as_bytes())?.open(&passphrase)?;
    /// let there = Driver::open(settings("there")?)?;
    /// // No renewal is waited for.
    /// let report = there.restore_within(opened, true, std::time::Duration::ZERO).await?;
    /// assert_eq!(report.back().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn restore_within(
        &self,
        opened: OpenedBackup,
        revive: bool,
        patience: Duration,
    ) -> Result<RestoredReport, Failure> {
        let backup = Arc::new(opened.backup);
        let deadline = Instant::now() + patience;
        let mut settled = Vec::new();
        let ended = loop {
            match self.tried(&backup, revive, settled.clone()).await? {
                RestoreAnswer::Done(ended) => break ended,
                RestoreAnswer::Unsettled(fences) => {
                    // Somebody goes on logging out and in what is to come back.
                    let begins_again = !settled.is_empty() && Instant::now() >= deadline;
                    if let Some(fence) = fences.first().filter(|_| begins_again) {
                        return Err(self.under_way(&fence.id));
                    }
                    for fence in fences {
                        self.settle(&fence.id, deadline).await?;
                        settled.push(fence);
                    }
                }
            }
        };
        self.kernel.blocking(|kernel| kernel.ledger().look()).await?;
        let named = backup
            .records
            .iter()
            .map(|record| (record.provider.clone(), record.label.clone()));
        let table = self.kernel.table();
        let credentials = named.zip(ended).map(|((provider, label), ended)| RestoredOne {
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
            taken_at: backup.taken_at,
            credentials: credentials.collect(),
        })
    }

    async fn tried(
        &self,
        backup: &Arc<Backup>,
        revive: bool,
        settled: Vec<Fence>,
    ) -> Result<RestoreAnswer, StoreFault> {
        let (backup, now) = (Arc::clone(backup), self.kernel.clock().now().wall);
        self.kernel
            .blocking(move |kernel| kernel.store().restore(&backup, revive, &settled, now))
            .await
    }

    /// Waits for the end of a renewal that may be under way: its answer would find a newer record in its place and be lost.
    /// One lock at a time is held, however many there are: from here on nobody begins to renew what was ended.
    async fn settle(&self, id: &CredentialId, deadline: Instant) -> Result<(), Failure> {
        match self.renewal_lock(id, deadline).await? {
            Some(_) => Ok(()),
            None => Err(self.under_way(id)),
        }
    }

    fn under_way(&self, id: &CredentialId) -> Failure {
        let picture = self.kernel.ledger().picture();
        let named = picture.record(id).map_or_else(
            || format!("`{id}`"),
            |record| format!("`{}` at {}", record.label, record.provider),
        );
        let message = format!("nothing was restored: a renewal of {named} is under way");
        Failure::new(Code::LockHeld, message).with_remedy(Remedy::Run {
            command: "evergrant restore FILE --revive".to_owned(),
            why: "bring the backup back once more when that renewal has ended".to_owned(),
        })
    }
}

/// 10 s for all of them together: nearly every renewal under way ends within it, and a person still waits that long.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(10);
