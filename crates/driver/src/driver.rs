//! The driver's face: an open home, its credentials, and everything that can be done with them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant_engine::credential::{Label, Material, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::provider::Flow;
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::Source;

use crate::account::{Account, accounts_of};
use crate::budgets::hold_to_budgets;
use crate::client::AttemptRecorder;
use crate::clock::{Clock, SystemClock};
use crate::entropy::jitter;
use crate::http::Network;
use crate::import::as_their_owners_have_them;
use crate::keeper::keep;
use crate::kernel::{Kernel, watch};
use crate::ledger::Ledger;
use crate::metadata::Metadata;
use crate::refresh::{Recorded, Tools};
use crate::reload::{follow, reload};
use crate::revocation::PendingRevocation;
use crate::revoker::revoke_queued;
use crate::settings::Settings;
use crate::sign_in::{Person, SignIn, SignInOptions, sign_in};
use crate::store::{Mode, open, this_process};
use crate::unanswered::as_they_stand;

/// An open home. Cloning is cheap; the last clone closes it.
///
/// ```
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Driver, KeySource, Target};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// let variables = [("MY_KEY".to_owned(), "sk-of-my-own".to_owned())];
/// let driver = Driver::open(Settings::load(Some(folder.path().join("home")), variables)?)?;
/// let account = driver.add_key(&"openai".into(), None, KeySource::Variable("MY_KEY".to_owned())).await?;
/// assert!(account.usable);
///
/// let token = driver.token(&Target::parse("openai")?, std::time::Duration::ZERO).await?;
/// assert_eq!(token.access_token.expose(), "sk-of-my-own");
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone)]
pub struct Driver {
    pub(crate) kernel: Arc<Kernel>,
}

/// Hooks for tests: another clock, and a record of every step of every renewal and request. Hidden from the docs: they show the
/// engine's own machines, which are no part of the contract.
#[derive(Default)]
pub struct Hooks {
    /// The clock to believe.
    pub clock: Option<Arc<dyn Clock>>,
    /// Where the steps of renewals go.
    pub recorder: Option<Arc<Mutex<Vec<Recorded>>>>,
    /// Where the steps of requests go.
    pub attempts: Option<AttemptRecorder>,
}

impl Driver {
    /// Opens the home, making it if there is none.
    ///
    /// ```
    /// use evergrant_driver::Driver;
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let settings = Settings::load(Some(folder.path().join("home")), [])?;
    /// let driver = Driver::open(settings.clone())?;
    /// assert!(settings.home.database().exists() && driver.accounts().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(settings: Settings) -> Result<Self, Failure> {
        Self::open_with(settings, Hooks::default())
    }

    /// Opens the home with hooks, as tests do; hidden as they are.
    #[doc(hidden)]
    pub fn open_with(settings: Settings, hooks: Hooks) -> Result<Self, Failure> {
        let store = open(&settings.home, &settings.key, Mode::Create)?;
        let clock = hooks.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let tools = Tools {
            metadata: Arc::new(Metadata::new(&settings.home, Arc::clone(&clock))),
            network: Arc::new(Network::new(&settings.network)?),
            ledger: Arc::new(Ledger::load(Arc::clone(&store))?),
            measures: Arc::default(),
            owner: this_process(clock.now().wall),
            recorder: hooks.recorder,
            store,
            clock,
        };
        let tools = Arc::new(tools);
        Ok(Self {
            kernel: Arc::new(Kernel::new(settings, tools, hooks.attempts)?),
        })
    }

    /// Keeps grants fresh, and the picture, the rows and the configuration current, from now on; for processes that stay.
    /// Needs a tokio runtime.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// // A server calls it once, and goes about its business.
    /// driver.stay();
    /// assert!(driver.accounts().is_empty());
    /// # driver.land().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn stay(&self) {
        tokio::spawn(watch(Arc::downgrade(&self.kernel)));
        tokio::spawn(hold_to_budgets(Arc::downgrade(&self.kernel)));
        tokio::spawn(follow(Arc::downgrade(&self.kernel)));
        tokio::spawn(keep(Arc::downgrade(&self.kernel), jitter()));
        tokio::spawn(revoke_queued(Arc::downgrade(&self.kernel)));
    }

    /// Reads `config.toml` and `providers.d` again and goes by them from now on; answers which files had changed. A driver
    /// that stays does so by itself. What a process has open (the store, its addresses) stays as it was.
    ///
    /// # Errors
    /// A file that cannot be used: then nothing changes.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let home = folder.path().join("home");
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(home.clone()), [])?)?;
    /// std::fs::write(home.join("config.toml"), "[chat]\nmodel = \"gpt-5\"\n")?;
    /// assert_eq!(driver.reload().await?, [home.join("config.toml")]);
    /// // A mistake changes nothing, and is told.
    /// std::fs::write(home.join("config.toml"), "[chat]\nmodle = \"gpt-5\"\n")?;
    /// assert!(driver.reload().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reload(&self) -> Result<Vec<PathBuf>, Failure> {
        reload(&self.kernel).await
    }

    /// Logs in and keeps the grant, in the place of the one that it renews if there is one (the rule of `store::place`).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
    /// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
    /// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.provider_row("acme"))?;
    /// # driver.reload().await?;
    /// use evergrant_driver::sign_in::{Person, SignInEvent, SignInOptions};
    /// # use evergrant_sandbox::client::{Browser, HttpClient};
    ///
    /// let options = SignInOptions {
    ///     flow: None,
    ///     can_show_browser: true,
    ///     paste_again: false,
    ///     timeout: Duration::from_secs(300),
    ///     key_provider: None,
    /// };
    /// let events = |event: SignInEvent| {
    ///     if let SignInEvent::Authorize { url, .. } = event {
    ///         // Open it in a browser, which comes back to this program by itself.
    ///         # tokio::spawn(async move { Browser::new(HttpClient::new()).visit(url.as_str()).await });
    ///     }
    /// };
    /// let person = Person { events: &events, paste: None };
    /// let account = driver.sign_in(&"acme".into(), Some("work".into()), options, person).await?;
    /// assert!(account.usable && account.label.as_str() == "work");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_in(
        &self,
        provider: &ProviderId,
        label: Option<Label>,
        options: SignInOptions,
        person: Person<'_>,
    ) -> Result<Account, Failure> {
        let tools = self.kernel.tools();
        let login = SignIn {
            row: self.kernel.row(provider)?,
            options,
            network: Arc::clone(&tools.network),
            metadata: Arc::clone(&tools.metadata),
            clock: Arc::clone(&tools.clock),
            runtime: self.kernel.renewals().handle()?,
        };
        let (here, provider) = (self.clone(), provider.clone());
        let (called, flow) = (label.clone(), login.options.flow);
        let kept = sign_in(login, person, move |grant, flow| async move {
            here.keep(&provider, label, Source::Login(flow), Material::Grant(Box::new(grant)))
                .await
        });
        kept.await.map_err(|failure| begun_as_before(failure, called, flow))
    }

    /// Every credential, as it is known in this process; neither disk nor network is touched.
    ///
    /// ```
    /// # use evergrant_driver::KeySource;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// let usable = driver.accounts().into_iter().filter(|account| account.usable);
    /// assert_eq!(usable.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accounts(&self) -> Vec<Account> {
        let (now, settings) = (self.kernel.clock().now(), self.kernel.settings());
        let picture = self.kernel.ledger().picture();
        let records = picture.records().map(AsRef::as_ref);
        accounts_of(records, &settings.table, &settings, &now)
    }

    /// Waits until every renewal under way has ended or at least holds its answer, which then is in the journal: giving
    /// up on one that was sent could cost the login; and until what was used is written down. Bounded by what a renewal takes at
    /// most.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// // The last line of a short program: a renewal that was sent is not given up.
    /// driver.land().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn land(&self) {
        self.kernel.renewals().land().await;
        let written = self.kernel.blocking(|kernel| {
            kernel.books().settle();
            Ok(())
        });
        // What could not be written has been told by who could not.
        let _ = written.await;
    }

    /// Waits until no renewal is under way, or the limit is over, and until what requests have shown is in the store;
    /// answers whether no renewal is.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// // A server that is told to stop, after its last answer.
    /// let drained = driver.drain(std::time::Duration::from_secs(10)).await;
    /// assert!(drained);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&self, limit: Duration) -> bool {
        let drained = self.kernel.renewals().drain(limit).await;
        let written = self.kernel.blocking(|kernel| {
            kernel.client().settle();
            kernel.books().settle();
            Ok(())
        });
        drained && written.await.is_ok()
    }
}

/// A failure whose remedy is another login: in the way, and under the label, that this one was asked for.
fn begun_as_before(mut failure: Failure, called: Option<Label>, flow: Option<Flow>) -> Failure {
    if let Some(Remedy::Login { provider, label: None }) = failure.remedy {
        failure.remedy = Some(match flow {
            Some(flow) => Remedy::LoginAgain {
                provider,
                label: called,
                flow: flow.as_str(),
            },
            None => Remedy::Login {
                provider,
                label: called,
            },
        });
    }
    failure
}

/// What a home holds, as it is read offline.
///
/// ```
/// # use evergrant_driver::KeySource;
/// use evergrant_driver::holdings;
/// # use evergrant_driver::settings::Settings;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let home = folder.path().join("home");
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(home.clone()), [])?)?;
/// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// // What is held, and what was logged out but is not revoked yet.
/// let held = holdings(&Settings::load(Some(home), [])?)?;
/// assert_eq!((held.accounts.len(), held.revocations.len()), (1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holdings {
    /// Every credential, tombstones included.
    pub accounts: Vec<Account>,
    /// Tokens that are still to be revoked.
    pub revocations: Vec<PendingRevocation>,
}

/// Every credential of a home, read offline as by [`holdings`].
///
/// ```
/// # use evergrant_driver::KeySource;
/// use evergrant_driver::accounts;
/// # use evergrant_driver::settings::Settings;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let home = folder.path().join("home");
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(home.clone()), [])?)?;
/// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// let settings = Settings::load(Some(home), [])?;
/// assert!(accounts(&settings)?.iter().all(|account| account.usable));
/// # Ok(())
/// # }
/// ```
pub fn accounts(settings: &Settings) -> Result<Vec<Account>, Failure> {
    holdings(settings).map(|holdings| holdings.accounts)
}

/// Everything that a home holds, read offline: nothing is renewed, written or even touched.
///
/// ```
/// use evergrant_driver::holdings;
/// use evergrant_driver::settings::Settings;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let home = folder.path().join("home");
/// let held = holdings(&Settings::load(Some(home.clone()), [])?)?;
/// assert!(held.accounts.is_empty() && !home.exists());
/// # Ok(())
/// # }
/// ```
pub fn holdings(settings: &Settings) -> Result<Holdings, Failure> {
    if !settings.home.database().exists() {
        return Ok(Holdings::default());
    }
    let mode = if stands(Protection::ReadOnlyStatus) {
        Mode::ReadOnly
    } else {
        Mode::ReadWrite
    };
    let store = open(&settings.home, &settings.key, mode)?;
    let now = SystemClock::new().now();
    let records = as_their_owners_have_them(as_they_stand(&*store, store.records()?)?);
    let accounts = accounts_of(&records, &settings.table, settings, &now);
    let revocations = store.revocations()?.iter().map(PendingRevocation::of).collect();
    Ok(Holdings { accounts, revocations })
}
