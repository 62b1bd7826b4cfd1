//! A usable token for those who send their requests themselves.

use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Label, Material, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::pool::Member;
use evergrant_engine::recovery::Renewed;
use evergrant_engine::remedy::Remedy;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Health, Record};
use evergrant_engine::time::Timestamp;

use crate::driver::Driver;

/// Whose token is wanted: `PROVIDER` or `PROVIDER/LABEL`.
///
/// ```
/// use evergrant_driver::Target;
///
/// // Whichever of its credentials serves, or this one alone.
/// let any = Target { provider: "openai".into(), label: None };
/// let one = Target { label: Some("work".into()), ..any.clone() };
/// assert_eq!(Target::parse("openai/work"), Ok(one));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The provider.
    pub provider: ProviderId,
    /// The one credential that will do.
    pub label: Option<Label>,
}

impl Target {
    /// Reads `PROVIDER[/LABEL]`.
    ///
    /// ```
    /// use evergrant_driver::Target;
    ///
    /// let target = Target::parse("openai/work")?;
    /// assert_eq!(target.label.as_ref().map(|label| label.as_str()), Some("work"));
    /// assert!(Target::parse("openai/").is_err());
    /// # Ok::<(), evergrant_driver::Failure>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let (provider, label) = match text.split_once('/') {
            Some((provider, label)) => (provider, Some(label)),
            None => (text, None),
        };
        if provider.is_empty() || label == Some("") {
            return Err(Failure::new(
                Code::Usage,
                format!("`{text}` is not of the form PROVIDER or PROVIDER/LABEL"),
            ));
        }
        Ok(Self {
            provider: ProviderId::from(provider),
            label: label.map(Label::from),
        })
    }
}

/// A token, or an API key, that can be used now.
///
/// ```
/// # use evergrant_driver::KeySource;
/// use evergrant_driver::Target;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// let token = driver.token(&Target::parse("openai")?, std::time::Duration::ZERO).await?;
/// assert_eq!(format!("Bearer {}", token.access_token.expose()), "Bearer sk-of-my-own");
/// // A key has no end of its own, and no secret gets into a log by accident.
/// assert!(token.expires_at.is_none() && !format!("{token:?}").contains("sk-of-my-own"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// What belongs after `Bearer`.
    pub access_token: Secret<String>,
    /// When it expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// The credential it belongs to.
    pub credential: CredentialId,
    /// That credential's label.
    pub label: Label,
    /// Whether it is in the store; if not, it is kept in memory and in the journal.
    pub saved: bool,
}

impl Driver {
    /// A token that can be used now, and for at least `min_valid`. It is renewed only if it lives shorter than that, or
    /// than a request takes on its way. If that fails, the old one is given for as long as it serves.
    ///
    /// ```
    /// # use evergrant_driver::KeySource;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// use evergrant_driver::{Code, Target};
    ///
    /// let target = Target::parse("openai")?;
    /// // Nothing could be given: why, and what helps.
    /// let failure = driver.token(&target, Duration::from_secs(60)).await.unwrap_err();
    /// assert!(failure.code == Code::NoCredential && failure.remedy.is_some());
    /// driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
    /// assert_eq!(driver.token(&target, Duration::from_secs(60)).await?.label.as_str(), "default");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn token(&self, target: &Target, min_valid: Duration) -> Result<Token, Failure> {
        self.kernel.row(&target.provider)?;
        // Whoever takes a token away with them is not there to be told that it was refused.
        if self.kernel.borrowing().is_any_of(&target.provider) {
            self.kernel.blocking(|kernel| kernel.borrowing().look()).await?;
        }
        let settings = self.kernel.settings();
        let around = self.kernel.surroundings(&settings);
        let pin = target.label.as_ref();
        let client = self.kernel.client();
        let (lease, renewed) = client.lease(&target.provider, pin, min_valid, around).await?;
        let picture = self.kernel.ledger().picture();
        let record = picture.record(&lease.fence.id);
        let record = record.ok_or_else(|| {
            Failure::new(
                Code::NoCredential,
                format!("`{target_name}` has just been logged out", target_name = lease.label),
            )
            .with_remedy(Remedy::Login {
                provider: lease.provider.clone(),
                label: Some(lease.label.clone()),
            })
        })?;
        let left = Member::of(record).remaining(&self.kernel.clock().now());
        match renewed {
            Some(Renewed::Unusable { failure, .. }) if left.is_some_and(|left| left < min_valid || left.is_zero()) => {
                Err(failure)
            }
            Some(_) | None => self.token_of(record),
        }
    }

    fn token_of(&self, record: &Record) -> Result<Token, Failure> {
        let (access_token, expires_at) = match &record.material {
            Material::Grant(grant) => (grant.access_token.clone(), grant.expires_at()),
            Material::ApiKey(key) => (key.clone(), None),
            Material::Borrowed(borrowed) => (borrowed.access_token.clone(), borrowed.expires_at),
            Material::EnvKey(name) => match self.kernel.settings().environment.value(name) {
                Some(key) => (Secret::from(key.trim()), None),
                None => return Err(gone(record)),
            },
            Material::Gone => return Err(gone(record)),
        };
        Ok(Token {
            access_token,
            expires_at,
            credential: record.id.clone(),
            label: record.label.clone(),
            saved: !matches!(record.standing.health, Health::Unsaved { .. }),
        })
    }
}

fn gone(record: &Record) -> Failure {
    Failure::new(
        Code::NoCredential,
        format!("`{}` at {} has no token", record.label, record.provider),
    )
    .with_remedy(Remedy::Login {
        provider: record.provider.clone(),
        label: Some(record.label.clone()),
    })
}
