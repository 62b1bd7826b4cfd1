//! Logging out: a tombstone that no late renewal passes, and the grant's end told to its provider (RFC 7009).

use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Epoch, Generation, Material};
use evergrant_engine::failure::Failure;
use evergrant_engine::store::{Health, Record, Revocation, Shared, Source, Standing};
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::account::Account;
use crate::accounts::is_named;
use crate::driver::Driver;
use crate::entropy::jitter;
use crate::refresh::{REVOCATION_PATIENCE, Settled, revoke};
use crate::revocation::PendingRevocation;
use crate::store::{Held, LockName, StoreFault};

/// How a logout went; here it is done in any case.
///
/// ```
/// # use evergrant_driver::KeySource;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// let logout = driver.logout("openai/default").await?;
/// assert_eq!(logout.account.health, "logged-out");
/// // Nothing is owed to any provider any more.
/// assert!(logout.queued.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logout {
    /// The credential, logged out.
    pub account: Account,
    /// What its provider made of it.
    pub end: LogoutEnd,
    /// Every token of this home that still waits to be revoked, earlier logouts' among them.
    pub queued: Vec<PendingRevocation>,
}

/// What the provider made of a logout.
///
/// ```
/// # use evergrant_driver::KeySource;
/// use evergrant_driver::LogoutEnd;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// // A key is not ours to revoke: its owner does so where it was made.
/// assert_eq!(driver.logout("openai/default").await?.end, LogoutEnd::Nothing);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutEnd {
    /// There was nothing to revoke: a key, a borrowed token, or a grant whose tokens are all over.
    Nothing,
    /// Its tokens are revoked.
    Revoked,
    /// It revokes no tokens: they stay good there until they expire.
    Unsupported,
    /// They could not all be revoked now, for this reason; they are queued.
    Queued(Failure),
}

impl LogoutEnd {
    /// The word of `logout --json`.
    ///
    /// ```
    /// use evergrant_driver::LogoutEnd;
    ///
    /// assert_eq!(LogoutEnd::Revoked.as_str(), "revoked");
    /// ```
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Revoked => "revoked",
            Self::Unsupported => "unsupported",
            Self::Queued(_) => "queued",
        }
    }
}

impl Driver {
    /// Forgets a grant here whatever its provider says, and revokes its refresh token and its access token there, within
    /// 10 s. What cannot be revoked is queued and tried again: by whoever stays, and once by the next logout.
    ///
    /// ```
    /// use evergrant_driver::LogoutEnd;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
    /// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
    /// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.provider_row("acme"))?;
    /// # driver.reload().await?;
    /// # let options = evergrant_driver::sign_in::SignInOptions {
    /// #     flow: Some(evergrant_driver::Flow::Browser),
    /// #     can_show_browser: true,
    /// #     paste_again: false,
    /// #     timeout: std::time::Duration::from_secs(30),
    /// #     key_provider: None,
    /// # };
    /// # let events = |event| {
    /// #     if let evergrant_driver::sign_in::SignInEvent::Authorize { url, .. } = event {
    /// #         let browser = evergrant_sandbox::client::Browser::new(evergrant_sandbox::client::HttpClient::new());
    /// #         tokio::spawn(async move { browser.visit(url.as_str()).await });
    /// #     }
    /// # };
    /// # let person = evergrant_driver::sign_in::Person { events: &events, paste: None };
    /// # driver.sign_in(&"acme".into(), None, options, person).await?;
    /// let logout = driver.logout("acme/default").await?;
    /// // Neither token is worth anything from now on, whoever may hold a copy.
    /// assert_eq!(logout.end, LogoutEnd::Revoked);
    /// assert!(driver.accounts().iter().all(|account| !account.usable));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn logout(&self, credential: &str) -> Result<Logout, Failure> {
        self.logout_within(credential, RENEWAL_PATIENCE).await
    }

    /// The same, waiting no longer than this for a renewal under way to end; what that one receives later is revoked too.
    ///
    /// ```
    /// # use evergrant_driver::KeySource;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// let logout = driver.logout_within("openai/default", std::time::Duration::ZERO).await?;
    /// assert!(!logout.account.usable);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn logout_within(&self, credential: &str, patience: Duration) -> Result<Logout, Failure> {
        let (record, account) = match self.find(credential) {
            Ok(record) => {
                let buried = self.tombstone(&record, patience).await?;
                let account = self.account(buried.as_ref().unwrap_or(&record));
                (record, account.gone(self.kernel.clock().now().wall))
            }
            // Logged out already: what its provider has not been told yet is tried again.
            Err(unknown) => {
                let record = self.waiting(credential).await?.ok_or(unknown)?;
                let account = self.account(&record);
                (record, account)
            }
        };
        let (own, others): (Vec<_>, Vec<_>) = self
            .queue()
            .await?
            .into_iter()
            .partition(|token| token.credential == record.id);
        let table = self.kernel.table();
        let row = |provider: &_| table.row(provider).cloned();
        let tokens = own.into_iter().chain(others).collect();
        let settled = revoke(self.kernel.tools(), row, tokens, REVOCATION_PATIENCE).await;
        let queued = self.queue().await?;
        Ok(Logout {
            account,
            end: end_of(&record.id, settled),
            queued: queued.iter().map(PendingRevocation::of).collect(),
        })
    }

    /// Leaves the tombstone, under the lock of a renewal if that can be had.
    async fn tombstone(&self, record: &Record, patience: Duration) -> Result<Option<Record>, Failure> {
        let _held = match &record.material {
            Material::Grant(_) => {
                let tried = self.renewal_lock(&record.id, Instant::now() + patience).await;
                tried.unwrap_or_else(|fault| {
                    debug!(%fault, "the lock of a renewal cannot be had");
                    None
                })
            }
            Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
        };
        // From here on the tombstone stands, and nobody needs to wait for the provider.
        Ok(self.log_out(&record.id).await?)
    }

    /// The one that was logged out under this name and whose tokens wait to be revoked.
    async fn waiting(&self, credential: &str) -> Result<Option<Arc<Record>>, Failure> {
        let queue = self.queue().await?;
        let picture = self.kernel.ledger().picture();
        let mut waiting = picture.records().filter(|record| {
            matches!(record.material, Material::Gone)
                && is_named(record, credential)
                && queue.iter().any(|token| token.credential == record.id)
        });
        let buried = waiting.next().cloned();
        // Even the tombstone may be gone; whose its tokens were stands with them.
        let orphan = || {
            queue
                .iter()
                .map(gone)
                .find(|record| is_named(record, credential))
                .map(Arc::new)
        };
        Ok(buried.or_else(orphan))
    }

    /// The lock of a renewal, if it can be had in time: then none is under way, and a dead one's journal is finished.
    pub(crate) async fn renewal_lock(
        &self,
        id: &CredentialId,
        deadline: Instant,
    ) -> Result<Option<Box<dyn Held>>, StoreFault> {
        loop {
            let name = LockName::Credential(id.clone());
            let tried = self
                .kernel
                .blocking(move |kernel| kernel.store().try_lock(&name, &kernel.tools().owner))
                .await?;
            if tried.is_some() {
                return Ok(tried);
            }
            if Instant::now() >= deadline {
                debug!("a renewal is under way and keeps its lock");
                return Ok(None);
            }
            tokio::time::sleep(POLL_MIN + Duration::from_millis(jitter() % POLL_SPREAD_MILLIS)).await;
        }
    }

    async fn log_out(&self, id: &CredentialId) -> Result<Option<Record>, StoreFault> {
        let (id, at) = (id.clone(), self.kernel.clock().now().wall);
        self.kernel
            .blocking(move |kernel| {
                let buried = kernel.store().log_out(&id, at)?;
                if let Err(fault) = kernel.ledger().look() {
                    // The tombstone stands; that it cannot be shown here must not keep the tokens from being revoked.
                    warn!(%fault, "the store could not be read again after a logout");
                }
                Ok(buried)
            })
            .await
    }

    async fn queue(&self) -> Result<Vec<Revocation>, StoreFault> {
        self.kernel.blocking(|kernel| kernel.store().revocations()).await
    }
}

/// The credential that a token belonged to, as far as its queue tells.
fn gone(token: &Revocation) -> Record {
    Record {
        id: token.credential.clone(),
        provider: token.provider.clone(),
        label: token.label.clone(),
        source: Source::Added,
        priority: 0,
        generation: Generation(0),
        epoch: Epoch(0),
        material: Material::Gone,
        standing: Shared::from(Standing {
            health: Health::LoggedOut { at: token.queued_at },
            ..Standing::default()
        }),
        created_at: token.queued_at,
        updated_at: token.queued_at,
    }
}

/// One answer for the tokens of one credential: what waits counts most.
fn end_of(id: &CredentialId, settled: Vec<(Revocation, Settled)>) -> LogoutEnd {
    let own = settled.into_iter().filter(|(token, _)| token.credential == *id);
    own.fold(LogoutEnd::Nothing, |end, (_, settled)| match (end, settled) {
        (queued @ LogoutEnd::Queued(_), _) => queued,
        (_, Settled::Waits(failure)) => LogoutEnd::Queued(failure),
        (_, Settled::Revoked) | (LogoutEnd::Revoked, _) => LogoutEnd::Revoked,
        (_, Settled::Unsupported) => LogoutEnd::Unsupported,
        (end, Settled::GivenUp) => end,
    })
}

/// 5 s: nearly every renewal under way ends within it; the tombstone holds without its lock, too.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(5);

/// 20 to 50 ms, as a renewal polls for the same lock.
const POLL_MIN: Duration = Duration::from_millis(20);
const POLL_SPREAD_MILLIS: u64 = 30;
