//! The driver's face to client keys: adding, listing, removing, and lending one to a process that gives it back.

use std::sync::{Arc, Weak};
use std::time::Duration;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::{Remedy, shell_word};
use evergrant_engine::secret::Secret;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::client_key::{AddedKey, ClientKey, KeyName, KeyTerms, NewKey, mint};
use crate::driver::Driver;
use crate::entropy::random;
use crate::kernel::Kernel;
use crate::settings::Settings;
use crate::store::{Mode, open};

/// A client key that is lent: it serves for as long as this lives, and is removed by [`LentKey::give_back`]. If the process
/// ends without that, it expires by itself within minutes.
///
/// ```
/// # use evergrant_driver::client_key::KeyTerms;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// let lent = driver.lend_client_key("exec", KeyTerms::default()).await?;
/// // A child goes to the gateway with it, and knows no other secret.
/// let mut child = std::process::Command::new("true");
/// child.env("OPENAI_API_KEY", lent.key().expose());
/// assert!(driver.client_keys().await?.iter().all(|key| key.lent));
/// lent.give_back().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LentKey {
    added: AddedKey,
    kernel: Weak<Kernel>,
    extending: JoinHandle<()>,
}

impl Driver {
    /// Makes a client key and keeps its fingerprint; the key itself is in the answer, and nowhere else.
    ///
    /// ```
    /// use evergrant_driver::client_key::{KeyTerms, NewKey};
    /// use evergrant_driver::settings::Settings;
    /// use evergrant_driver::{Code, Driver};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// let driver = Driver::open(Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let terms = KeyTerms { models: vec!["grok-*".to_owned()], ..KeyTerms::default() };
    /// let new = NewKey { name: "ci".parse()?, terms, lent: false };
    /// let added = driver.add_client_key(new.clone()).await?;
    /// assert!(added.key.expose().starts_with("sk-evergrant-"));
    /// assert_eq!(driver.add_client_key(new).await.unwrap_err().code, Code::ClientKeyTaken);
    ///
    /// assert_eq!(driver.client_keys().await?.len(), 1);
    /// driver.remove_client_key(&added.name).await?;
    /// assert!(driver.client_keys().await?.is_empty());
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// A name that is taken, a store that cannot be written.
    pub async fn add_client_key(&self, new: NewKey) -> Result<AddedKey, Failure> {
        let (added, _) = self.make(new).await?;
        Ok(added)
    }

    async fn make(&self, new: NewKey) -> Result<(AddedKey, ClientKey), Failure> {
        let key = mint()?;
        let NewKey { name, terms, lent } = new;
        let record = ClientKey {
            fingerprint: self.kernel.store().fingerprint_key().fingerprint(&key),
            name: name.clone(),
            terms,
            lent,
            created_at: self.kernel.clock().now().wall,
        };
        let kept = record.clone();
        let added = self
            .kernel
            .blocking(move |kernel| kernel.store().add_client_key(&kept))
            .await?;
        if added {
            return Ok((AddedKey { name, key }, record));
        }
        let word = shell_word(name.as_str());
        Err(
            Failure::new(Code::ClientKeyTaken, format!("there is a client key `{name}` already")).with_remedy(
                Remedy::Run {
                    command: format!("evergrant key remove {word}"),
                    why: "choose another name, or remove that one first: whoever uses it is refused from then on"
                        .to_owned(),
                },
            ),
        )
    }

    /// Every client key, by name.
    ///
    /// # Errors
    /// A store that cannot be read.
    ///
    /// ```
    /// # use evergrant_driver::client_key::{KeyTerms, NewKey};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let new = NewKey { name: "ci".parse()?, terms: KeyTerms::default(), lent: false };
    /// driver.add_client_key(new).await?;
    /// let names: Vec<_> = driver.client_keys().await?.into_iter().map(|key| key.name.to_string()).collect();
    /// assert_eq!(names, ["ci"]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn client_keys(&self) -> Result<Vec<ClientKey>, Failure> {
        Ok(self.kernel.blocking(|kernel| kernel.store().client_keys()).await?)
    }

    /// Forgets a client key: every gateway of this home refuses it within a second.
    ///
    /// # Errors
    /// No key of that name, a store that cannot be written.
    ///
    /// ```
    /// # use evergrant_driver::client_key::{KeyTerms, NewKey};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let new = NewKey { name: "ci".parse()?, terms: KeyTerms::default(), lent: false };
    /// let added = driver.add_client_key(new).await?;
    /// driver.remove_client_key(&added.name).await?;
    /// assert!(driver.remove_client_key(&added.name).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn remove_client_key(&self, name: &KeyName) -> Result<(), Failure> {
        let gone = name.clone();
        let removed = self
            .kernel
            .blocking(move |kernel| kernel.store().remove_client_key(&gone))
            .await?;
        if removed {
            return Ok(());
        }
        Err(
            Failure::new(Code::ClientKeyUnknown, format!("there is no client key `{name}`")).with_remedy(Remedy::Run {
                command: "evergrant key list".to_owned(),
                why: "choose one that is listed".to_owned(),
            }),
        )
    }

    /// Lends a client key, named after its purpose, on these terms; needs a tokio runtime. It is extended while the answer
    /// lives.
    ///
    /// # Errors
    /// A purpose that makes no name, a store that cannot be written.
    ///
    /// ```
    /// use evergrant_driver::client_key::KeyTerms;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let terms = KeyTerms { models: vec!["gpt-*".to_owned()], ..KeyTerms::default() };
    /// let lent = driver.lend_client_key("exec", terms).await?;
    /// // Should this process be killed, the key is over by itself soon.
    /// assert!(driver.client_keys().await?[0].terms.expires_at.is_some());
    /// lent.give_back().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn lend_client_key(&self, purpose: &str, terms: KeyTerms) -> Result<LentKey, Failure> {
        let number = u32::from_le_bytes(random::<4>()?);
        let name: KeyName = format!("{purpose}-{number:08x}")
            .parse()
            .map_err(|why| Failure::new(Code::Usage, why))?;
        let expires_at = self.kernel.clock().now().wall.plus(LENT_FOR);
        let terms = KeyTerms {
            expires_at: Some(expires_at),
            ..terms
        };
        let new = NewKey {
            name,
            terms,
            lent: true,
        };
        let (added, record) = self.make(new).await?;
        let kernel = Arc::downgrade(&self.kernel);
        Ok(LentKey {
            extending: tokio::spawn(extend(Weak::clone(&kernel), record)),
            added,
            kernel,
        })
    }
}

impl LentKey {
    /// What it is called, in `key list` and in what was used with it.
    ///
    /// ```
    /// # use evergrant_driver::client_key::KeyTerms;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let lent = driver.lend_client_key("exec", KeyTerms::default()).await?;
    /// // What it has done is told under this name.
    /// assert!(lent.name().as_str().starts_with("exec"));
    /// # Ok(())
    /// # }
    /// ```
    pub const fn name(&self) -> &KeyName {
        &self.added.name
    }

    /// The key.
    ///
    /// ```
    /// # use evergrant_driver::client_key::KeyTerms;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let lent = driver.lend_client_key("exec", KeyTerms::default()).await?;
    /// assert!(lent.key().expose().starts_with("sk-evergrant-"));
    /// # Ok(())
    /// # }
    /// ```
    pub const fn key(&self) -> &Secret<String> {
        &self.added.key
    }

    /// Removes it: every gateway of this home refuses it within a second.
    ///
    /// # Errors
    /// A store that cannot be written; the key expires by itself then.
    ///
    /// ```
    /// # use evergrant_driver::client_key::KeyTerms;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let lent = driver.lend_client_key("exec", KeyTerms::default()).await?;
    /// lent.give_back().await?;
    /// assert!(driver.client_keys().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn give_back(self) -> Result<(), Failure> {
        self.extending.abort();
        let Some(kernel) = self.kernel.upgrade() else {
            return Ok(());
        };
        let name = self.added.name.clone();
        // Somebody may have removed it by hand, which is as good.
        kernel
            .blocking(move |kernel| kernel.store().remove_client_key(&name))
            .await?;
        Ok(())
    }
}

impl Drop for LentKey {
    fn drop(&mut self) {
        self.extending.abort();
    }
}

/// Extends a lent key for as long as it is there. It expires by the wall clock, which goes on while the machine sleeps, and this
/// task does not: so it looks often at that clock, and seldom writes.
async fn extend(kernel: Weak<Kernel>, mut record: ClientKey) {
    let mut failing = false;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(kernel) = kernel.upgrade() else { return };
        let now = kernel.clock().now().wall;
        let ends = record.terms.expires_at.unwrap_or(now);
        if ends.since(now) > LENT_FOR.saturating_sub(EXTENDED_EVERY) {
            continue;
        }
        let until = now.plus(LENT_FOR);
        let name = record.name.clone();
        // One that is gone has been removed by somebody, and stays so.
        let work = move |kernel: &Kernel| kernel.store().extend_client_key(&name, until);
        match kernel.blocking(work).await {
            Ok(true) => {
                record.terms.expires_at = Some(until);
                failing = false;
            }
            Ok(false) => return,
            Err(fault) if !failing => {
                warn!(%fault, key = %record.name, "a client key that is lent could not be extended; it is tried again");
                failing = true;
            }
            Err(_) => {}
        }
    }
}

/// The client keys of a home, read offline: nothing is written.
///
/// # Errors
/// A store that cannot be read.
///
/// ```
/// # use evergrant_driver::client_key::{KeyTerms, NewKey};
/// use evergrant_driver::client_keys;
/// # use evergrant_driver::settings::Settings;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let home = folder.path().join("home");
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(home.clone()), [])?)?;
/// # let new = NewKey { name: "ci".parse()?, terms: KeyTerms::default(), lent: false };
/// driver.add_client_key(new).await?;
/// assert_eq!(client_keys(&Settings::load(Some(home), [])?)?.len(), 1);
/// # Ok(())
/// # }
/// ```
pub fn client_keys(settings: &Settings) -> Result<Vec<ClientKey>, Failure> {
    if !settings.home.database().exists() {
        return Ok(Vec::new());
    }
    let store = open(&settings.home, &settings.key, Mode::ReadOnly)?;
    Ok(store.client_keys()?)
}

/// 10 min: what a killed process leaves behind is good for no longer.
const LENT_FOR: Duration = Duration::from_secs(600);

/// 2 min: then 8 are left in which the store may be out of reach.
const EXTENDED_EVERY: Duration = Duration::from_secs(120);

/// 1 s: so long may a key be refused after the machine has slept; a look reads two clocks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
