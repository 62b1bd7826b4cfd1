//! Changing what a home holds: keys, labels, priorities, switches, removal.

use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Label, Material, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::nearest::did_you_mean;
use evergrant_engine::pool::Member;
use evergrant_engine::recovery::Renewed;
use evergrant_engine::recovery::renewal::{Ask, Asker, Reason};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Decision, Newcomer, Record, Source, place};

use crate::account::Account;
use crate::api_key::checked;
use crate::driver::Driver;
use crate::entropy::random;
use crate::import::copy_aside;
use crate::kernel::Kernel;
use crate::store::{Draft, Placement, StoreFault};

/// Where an API key comes from.
///
/// ```
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Driver, KeySource, Secret};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let driver = Driver::open(Settings::load(Some(folder.path().join("home")), [])?)?;
/// let kept = KeySource::Value(Secret::from("sk-of-my-own"));
/// driver.add_key(&"openai".into(), Some("work".into()), kept).await?;
///
/// // From here on it is known by its id, its label if no other has that, or `PROVIDER/label`.
/// driver.rename("openai/work", "home".into()).await?;
/// assert!(!driver.disable("home").await?.usable);
/// assert!(driver.enable("home").await?.usable);
/// assert_eq!(driver.remove("openai/home").await?.health, "logged-out");
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Given now, and kept in the store.
    Value(Secret<String>),
    /// Read at each use from this environment variable, and never stored.
    Variable(String),
}

impl Driver {
    /// Adds an API key, or replaces the one with this label.
    ///
    /// ```
    /// use evergrant_driver::KeySource;
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let work = Some("work".into());
    /// driver.add_key(&"openai".into(), work.clone(), KeySource::Value("sk-of-my-own".into())).await?;
    /// // A newer one under the same label takes its place; without a label it would be another one.
    /// driver.add_key(&"openai".into(), work, KeySource::Value("sk-a-newer-one".into())).await?;
    /// assert_eq!(driver.accounts().len(), 1);
    /// # Ok(()) }
    /// ```
    pub async fn add_key(
        &self,
        provider: &ProviderId,
        label: Option<Label>,
        key: KeySource,
    ) -> Result<Account, Failure> {
        self.kernel.settings().takes_keys(provider)?;
        let (material, source) = match key {
            KeySource::Value(key) => (Material::ApiKey(checked(provider, key)?), Source::Added),
            KeySource::Variable(variable) => {
                if !names_a_variable(&variable) {
                    // It is not repeated: whoever gives the key itself by mistake would see it in logs.
                    let message = "that is no name of an environment variable: letters, digits and `_` make one";
                    return Err(Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
                        command: format!("evergrant add {provider} --stdin"),
                        why: "give the name of the variable, not the key; a key itself comes by stdin".to_owned(),
                    }));
                }
                if let Some(value) = self.kernel.settings().environment.value(&variable) {
                    checked(provider, Secret::from(value))?;
                }
                (Material::EnvKey(variable), Source::Environment)
            }
        };
        self.keep(provider, label, source, material).await
    }

    /// Keeps a credential where the merge rule says.
    pub(crate) async fn keep(
        &self,
        provider: &ProviderId,
        label: Option<Label>,
        source: Source,
        material: Material,
    ) -> Result<Account, Failure> {
        let entropy = u128::from_le_bytes(random::<16>()?);
        let at = self.kernel.clock().now().wall;
        let draft = Draft {
            provider: provider.clone(),
            label,
            source,
            material,
            at,
            entropy,
        };
        let record = self
            .kernel
            .blocking(move |kernel| {
                let mut placed = placed(kernel, &draft);
                for _ in 1..PLACING_TRIES {
                    // Someone else was faster, and what was just granted must not be lost for that.
                    let Err(StoreFault::Changed | StoreFault::LabelTaken { .. }) = placed else {
                        break;
                    };
                    placed = self::placed(kernel, &draft);
                }
                placed
            })
            .await?;
        Ok(self.account(&record))
    }

    /// The variables that no child may inherit: the store's key, every provider's usual ones, and those of keys that are
    /// kept by reference.
    ///
    /// ```
    /// use evergrant_driver::KeySource;
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// driver.add_key(&"openai".into(), None, KeySource::Variable("MY_KEY".to_owned())).await?;
    /// let mut child = std::process::Command::new("true");
    /// for name in driver.withheld() {
    ///     child.env_remove(name);
    /// }
    /// assert!(child.get_envs().any(|(name, value)| name == "MY_KEY" && value.is_none()));
    /// # Ok(()) }
    /// ```
    pub fn withheld(&self) -> Vec<String> {
        let mut names = self.kernel.settings().withheld();
        for record in self.kernel.ledger().picture().records() {
            if let Material::EnvKey(name) = &record.material
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// Renews a grant now, unless the outcome of an earlier renewal is unknown while its access token still serves.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
    /// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
    /// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.provider_row("acme"))?;
    /// # driver.reload().await?;
    /// # let (flow, timeout) = (Some(evergrant_driver::Flow::Browser), std::time::Duration::from_secs(30));
    /// # let options = evergrant_driver::sign_in::SignInOptions { flow, can_show_browser: true, paste_again: false, timeout, key_provider: None };
    /// # let events = |event| if let evergrant_driver::sign_in::SignInEvent::Authorize { url, .. } = event {
    /// #     let browser = evergrant_sandbox::client::Browser::new(evergrant_sandbox::client::HttpClient::new());
    /// #     tokio::spawn(async move { browser.visit(url.as_str()).await });
    /// # };
    /// # let person = evergrant_driver::sign_in::Person { events: &events, paste: None };
    /// # driver.sign_in(&"acme".into(), None, options, person).await?;
    /// let before = driver.accounts()[0].generation;
    /// let account = driver.refresh("acme/default").await?;
    /// assert!(account.usable && account.generation > before);
    /// assert_eq!(sandbox.control().counters().refreshes, 1);
    /// # Ok(()) }
    /// ```
    pub async fn refresh(&self, credential: &str) -> Result<Account, Failure> {
        let record = self.find(credential)?;
        if let Material::ApiKey(_) | Material::EnvKey(_) = record.material {
            let message = format!(
                "`{}` at {} is an API key: it needs no renewal",
                record.label, record.provider
            );
            return Err(Failure::new(Code::Usage, message));
        }
        let row = self.kernel.row(&record.provider)?;
        if let Material::Borrowed(_) = record.material {
            return self.reread(&record).await;
        }
        let ask = Ask {
            fence: record.fence(),
            reason: Reason::Wanted,
            asker: Asker::Command,
            min_valid: std::time::Duration::ZERO,
        };
        match self.kernel.renewals().renew(ask, row).await {
            Renewed::Usable { saved: true, .. } => self.account_of(&record.id),
            // It goes on trying to save it; a fault that passes is none.
            Renewed::Usable { saved: false, .. } if self.kernel.renewals().drain(SAVING).await => {
                self.account_of(&record.id)
            }
            Renewed::Usable { saved: false, .. } => Err(Failure::new(
                Code::StoreUnwritable,
                "the renewed token could not be saved; the journal keeps it if that could be written, and the next start of \
                 evergrant finishes it",
            )
            .with_remedy(Remedy::EditFile {
                place: "the disk under the home: free space or make it writable, then try again".to_owned(),
            })),
            Renewed::Unusable { failure, .. } => Err(failure),
        }
    }

    /// A borrowed token is not renewed here: all that can be done is to see whether its owner has.
    async fn reread(&self, record: &Record) -> Result<Account, Failure> {
        let lease = Member::of(record).lease;
        let read = self.kernel.apart(move |kernel| Ok(kernel.borrowing().reread(&lease)));
        match read.await? {
            Renewed::Usable { fence, .. } => self.account_of(&fence.id),
            // Its owner has nothing newer, and what is here serves: there is nothing to be renewed.
            Renewed::Unusable { .. } if self.account(record).usable => self.account_of(&record.id),
            Renewed::Unusable { failure, .. } => Err(failure),
        }
    }

    /// Forgets a credential here; nothing is revoked, so that whoever else holds a copy can go on using it.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # driver.add_key(&"openai".into(), None, evergrant_driver::KeySource::Value("sk-of-my-own".into())).await?;
    /// let removed = driver.remove("openai/default").await?;
    /// assert_eq!(removed.health, "logged-out");
    /// assert!(driver.refresh("openai/default").await.is_err());
    /// # Ok(()) }
    /// ```
    pub async fn remove(&self, credential: &str) -> Result<Account, Failure> {
        let record = self.find(credential)?;
        let account = self.account(&record);
        if let Some((tool, copy)) = copy_aside(&record, &self.kernel.settings().environment) {
            let message = format!(
                "`{}` at {} was taken over from {tool}, whose own copy is set aside in {}: removed here, the login would be nobody's",
                record.label,
                record.provider,
                copy.display()
            );
            return Err(Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
                command: format!("evergrant import {tool} --undo"),
                why: format!(
                    "give it back to {tool} first, or end it with `evergrant logout {}`",
                    record.id
                ),
            }));
        }
        self.bury(&record).await?;
        Ok(account.gone(self.kernel.clock().now().wall))
    }

    /// Gives a credential another label.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # driver.add_key(&"openai".into(), None, evergrant_driver::KeySource::Value("sk-of-my-own".into())).await?;
    /// driver.rename("openai/default", "work".into()).await?;
    /// assert_eq!(driver.accounts()[0].label.as_str(), "work");
    /// # Ok(()) }
    /// ```
    pub async fn rename(&self, credential: &str, label: Label) -> Result<Account, Failure> {
        self.edit(credential, move |kernel, record| {
            kernel.store().rename(&record.id, &label)
        })
        .await
    }

    /// Sets a credential's priority; lower is preferred.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// for label in ["dear", "cheap"] {
    ///     let key = evergrant_driver::KeySource::Value(format!("sk-{label}-0000").into());
    ///     driver.add_key(&"openai".into(), Some(label.into()), key).await?;
    /// }
    /// // The cheap one first, as long as it serves.
    /// driver.prioritise("cheap", -1).await?;
    /// let token = driver.token(&evergrant_driver::Target::parse("openai")?, std::time::Duration::ZERO).await?;
    /// assert_eq!(token.label.as_str(), "cheap");
    /// # Ok(()) }
    /// ```
    pub async fn prioritise(&self, credential: &str, priority: i32) -> Result<Account, Failure> {
        self.edit(credential, move |kernel, record| {
            kernel.store().prioritise(&record.id, priority)
        })
        .await
    }

    /// Lets a credential be used again.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # driver.add_key(&"openai".into(), None, evergrant_driver::KeySource::Value("sk-of-my-own".into())).await?;
    /// driver.disable("openai/default").await?;
    /// assert!(driver.enable("openai/default").await?.usable);
    /// # Ok(()) }
    /// ```
    pub async fn enable(&self, credential: &str) -> Result<Account, Failure> {
        self.edit(credential, |kernel, record| kernel.store().disable(&record.id, false))
            .await
    }

    /// Keeps a credential from being used.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # driver.add_key(&"openai".into(), None, evergrant_driver::KeySource::Value("sk-of-my-own".into())).await?;
    /// // Kept, and not used.
    /// let account = driver.disable("openai/default").await?;
    /// assert_eq!((account.health, account.usable), ("disabled", false));
    /// # Ok(()) }
    /// ```
    pub async fn disable(&self, credential: &str) -> Result<Account, Failure> {
        self.edit(credential, |kernel, record| kernel.store().disable(&record.id, true))
            .await
    }

    /// Forgets cooldowns, holds and settled denials; a quarantine and an unknown outcome stay.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # driver.add_key(&"openai".into(), None, evergrant_driver::KeySource::Value("sk-of-my-own".into())).await?;
    /// // The limit that it met was lifted early: it need not wait any longer.
    /// assert!(driver.reset("openai/default").await?.usable);
    /// # Ok(()) }
    /// ```
    pub async fn reset(&self, credential: &str) -> Result<Account, Failure> {
        self.edit(credential, |kernel, record| {
            let Some(stored) = kernel.store().record(&record.id)? else {
                return Ok(());
            };
            let reset = kernel
                .store()
                .amend(&stored.fence(), &mut |standing| *standing = standing.clone().reset())?;
            if reset { Ok(()) } else { Err(StoreFault::Changed) }
        })
        .await
    }

    /// The credential that the user means: an id, a label that is unique, or `PROVIDER/label`.
    pub(crate) fn find(&self, credential: &str) -> Result<Arc<Record>, Failure> {
        let picture = self.kernel.ledger().picture();
        let living = || {
            picture
                .records()
                .filter(|record| !matches!(record.material, Material::Gone))
        };
        let named: Vec<_> = living().filter(|record| is_named(record, credential)).collect();
        let list = || Remedy::Run {
            command: "evergrant list".to_owned(),
            why: "choose one that is listed".to_owned(),
        };
        match named.as_slice() {
            [record] => Ok(Arc::clone(record)),
            [] => {
                let names: Vec<_> = living().flat_map(|record| names_of(record)).collect();
                let of = living().find(|record| record.provider.as_str() == credential);
                let meant = match of {
                    Some(record) => format!(", which is a provider; did you mean `{credential}/{}`?", record.label),
                    None => did_you_mean(credential, names.iter().map(String::as_str)),
                };
                let message = format!("there is no credential `{credential}`{meant}");
                Err(Failure::new(Code::UnknownCredential, message).with_remedy(list()))
            }
            several => {
                let names: Vec<_> = several
                    .iter()
                    .map(|record| format!("{}/{}", record.provider, record.label))
                    .collect();
                Err(Failure::new(
                    Code::UnknownCredential,
                    format!("`{credential}` could be {}", names.join(" or ")),
                )
                .with_remedy(list()))
            }
        }
    }

    pub(crate) fn account(&self, record: &Record) -> Account {
        let (now, settings) = (self.kernel.clock().now(), self.kernel.settings());
        Account::of(record, &settings.table, &settings, &now)
    }

    fn account_of(&self, id: &CredentialId) -> Result<Account, Failure> {
        let picture = self.kernel.ledger().picture();
        picture.record(id).map(|record| self.account(record)).ok_or_else(|| {
            Failure::new(
                Code::UnknownCredential,
                format!("there is no credential `{id}` any more"),
            )
        })
    }

    async fn bury(&self, record: &Record) -> Result<Option<Record>, Failure> {
        let (id, at) = (record.id.clone(), self.kernel.clock().now().wall);
        let buried = self
            .kernel
            .blocking(move |kernel| {
                let buried = kernel.store().bury(&id, at)?;
                kernel.ledger().look()?;
                Ok(buried)
            })
            .await?;
        Ok(buried)
    }

    async fn edit(
        &self,
        credential: &str,
        change: impl FnOnce(&Kernel, &Record) -> Result<(), StoreFault> + Send + 'static,
    ) -> Result<Account, Failure> {
        let record = self.find(credential)?;
        let id = record.id.clone();
        self.kernel
            .blocking(move |kernel| {
                change(kernel, &record)?;
                kernel.ledger().look()
            })
            .await?;
        self.account_of(&id)
    }
}

/// What a person may call this record.
fn names_of(record: &Record) -> [String; 3] {
    let Record {
        id, provider, label, ..
    } = record;
    [id.to_string(), label.to_string(), format!("{provider}/{label}")]
}

/// Whether a person could mean this record by that: its id, its label, or `PROVIDER/label`.
pub(crate) fn is_named(record: &Record, credential: &str) -> bool {
    let by_provider = credential
        .split_once('/')
        .is_some_and(|(provider, label)| record.provider.as_str() == provider && record.label.as_str() == label);
    record.id.as_str() == credential || record.label.as_str() == credential || by_provider
}

/// Puts a draft where the merge rule says as the store stands now.
fn placed(kernel: &Kernel, draft: &Draft) -> Result<Record, StoreFault> {
    let records = kernel.store().records()?;
    let login = match &draft.material {
        Material::Grant(grant) => Some(&grant.login),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
    };
    let newcomer = Newcomer {
        provider: &draft.provider,
        label: draft.label.as_ref(),
        login,
    };
    let placement = match place(&records, &newcomer) {
        Decision::New => Placement::New,
        Decision::Replace(fence) => Placement::Replace(fence),
    };
    let record = kernel.store().place(draft, &placement)?;
    kernel.ledger().publish(record.clone());
    Ok(record)
}

/// Whether a shell could set a variable of that name.
fn names_a_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// 20 s: a command that holds what it could not save waits so long for the disk, and no longer.
const SAVING: Duration = Duration::from_secs(20);

/// 16 tries: each that fails means that another one was kept.
const PLACING_TRIES: u32 = 16;
