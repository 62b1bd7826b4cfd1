//! A credential as people see it: everything `status` shows, and nothing secret.

use std::borrow::Cow;

use evergrant_engine::credential::{CredentialId, Generation, Kind, Label, Material, ProviderId};
use evergrant_engine::pool::{Member, condition};
use evergrant_engine::provider::{OAuth, Table};
use evergrant_engine::recovery::renewal::next_renewal;
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::{Health, Record, Source};
use evergrant_engine::time::{Moment, Timestamp};
use evergrant_engine::verdict::{Place, Verdict, message};

use crate::settings::{Environment, Settings};

/// One credential, as `status` and `list` report it.
///
/// ```
/// use evergrant_driver::KeySource;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// let key = KeySource::Variable("MY_KEY".to_owned());
/// let account = driver.add_key(&"openai".into(), Some("work".into()), key).await?;
/// // The variable is not set here: what is wrong, and the one thing to do.
/// assert_eq!((account.health, account.usable), ("needs-login", false));
/// assert!(account.why.is_some_and(|why| why.contains("MY_KEY")) && account.remedy.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its id.
    pub id: CredentialId,
    /// Its provider.
    pub provider: ProviderId,
    /// Its label.
    pub label: Label,
    /// How it came here: `login:browser`, `added`, `env:VAR`, `import:hermes`.
    pub source: String,
    /// What sort it is.
    pub kind: Kind,
    /// The tool that owns it and renews it, if it is borrowed.
    pub owner: Option<String>,
    /// The account, as far as the token tells.
    pub account: Option<String>,
    /// One of the words of INTERFACE.md.
    pub health: &'static str,
    /// Whether a request could be sent with it now.
    pub usable: bool,
    /// Why it is not ready, in words.
    pub why: Option<String>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Lower is preferred.
    pub priority: i32,
    /// The generation of its secret.
    pub generation: Generation,
    /// When its access token expires.
    pub expires_at: Option<Timestamp>,
    /// When the keeper will renew it.
    pub next_refresh_at: Option<Timestamp>,
    /// When the provider ends it, whatever is renewed, if that is known.
    pub hard_end_at: Option<Timestamp>,
    /// The last failure.
    pub last_error: Option<AccountError>,
    /// The one thing to do, if anything is wrong.
    pub remedy: Option<Remedy>,
}

/// The last failure of a credential.
///
/// ```
/// # use evergrant_driver::client::{Body, Call, Route};
/// use evergrant_driver::KeySource;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
/// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
/// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.api_key_row("acme"))?;
/// # driver.reload().await?;
/// # driver.add_key(&"acme".into(), None, evergrant_driver::KeySource::Value("sk-sandbox-0000000000000000".into())).await?;
/// let key = KeySource::Value("sk-that-was-revoked".into());
/// driver.add_key(&"acme".into(), Some("default".into()), key).await?;
/// # let call = Call {
/// #     request: http::Request::get("/models").body(Body::empty())?,
/// #     route: Route::Provider("acme".into()),
/// #     pin: None,
/// # };
/// # let _ = driver.send(call).await;
/// // After a request with it, what was said of it is known, and which signal read it so.
/// let error = driver.accounts()[0].last_error.clone().expect("it was refused");
/// assert_eq!(error.verdict.as_str(), "unauthenticated");
/// assert!(!error.fragment.contains("sk-that-was-revoked"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountError {
    /// What it meant.
    pub verdict: Verdict,
    /// The same in one sentence.
    pub message: String,
    /// The signal that decided.
    pub signal: String,
    /// The file that the signal stands in.
    pub file: String,
    /// Its line there; 0 where a rule in code decided.
    pub line: u32,
    /// When.
    pub at: Timestamp,
    /// The generation that earned it.
    pub generation: Generation,
    /// What the provider said, redacted.
    pub fragment: String,
}

impl Account {
    /// Reads it off a record.
    pub(crate) fn of(record: &Record, table: &Table, settings: &Settings, now: &Moment) -> Self {
        let standing = &record.standing;
        let row = table.row(&record.provider);
        let place = row.map_or_else(|| Place::without_row(record.provider.clone()), |row| Place::of(row));
        let member = Member::of(&as_it_is_here(record, &settings.environment));
        let condition = match (condition(&member, &place, now), &record.material) {
            (condition, Material::Gone) => condition,
            (condition, _) if row.is_none() => condition.without_row(&record.provider, table.barred(&record.provider)),
            (condition, _) => condition,
        };
        let oauth = row.and_then(|row| row.oauth());
        let hard_end = oauth.and_then(|oauth| hard_end(record, oauth));
        Self {
            id: record.id.clone(),
            provider: record.provider.clone(),
            label: record.label.clone(),
            source: source_word(&record.source),
            kind: record.material.kind(),
            owner: match &record.material {
                Material::Borrowed(borrowed) => Some(borrowed.tool.clone()),
                Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => None,
            },
            account: account_of(&record.material),
            health: condition.health,
            usable: condition.usable,
            why: condition.why,
            until: condition.until,
            priority: record.priority,
            generation: record.generation,
            expires_at: record.material.expires_at(),
            next_refresh_at: oauth.and_then(|oauth| next_renewal(record, oauth, now)),
            hard_end_at: hard_end,
            last_error: standing.last_error.as_ref().map(|error| AccountError {
                verdict: error.verdict,
                message: message(error.verdict, error.channel, &place.name, Some(&record.label)),
                signal: error.signal.clone(),
                file: error.file.clone(),
                line: error.line,
                at: error.at,
                generation: error.generation,
                fragment: error.fragment.clone(),
            }),
            remedy: condition.remedy,
        }
    }
}

impl Account {
    /// The same as it stands once it has been logged out or removed.
    #[must_use]
    pub(crate) fn gone(self, at: Timestamp) -> Self {
        Self {
            health: "logged-out",
            usable: false,
            why: Some(format!("logged out at {at}")),
            until: None,
            next_refresh_at: None,
            remedy: None,
            ..self
        }
    }
}

/// The accounts of these records; where another one of its provider serves, what ails an account does not press.
pub(crate) fn accounts_of<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    table: &Table,
    settings: &Settings,
    now: &Moment,
) -> Vec<Account> {
    let mut accounts: Vec<_> = records
        .into_iter()
        .map(|record| Account::of(record, table, settings, now))
        .collect();
    let mut serving: Vec<(ProviderId, Label)> = Vec::new();
    for account in accounts.iter().filter(|account| account.usable) {
        if serving.iter().all(|(provider, _)| *provider != account.provider) {
            serving.push((account.provider.clone(), account.label.clone()));
        }
    }
    for account in accounts.iter_mut().filter(|account| !account.usable) {
        let serves = serving.iter().find(|(provider, _)| *provider == account.provider);
        if let Some((_, serves)) = serves
            && let Some(then) = account.remedy.take()
        {
            account.remedy = Some(Remedy::Meanwhile {
                serves: serves.clone(),
                then: Box::new(then),
            });
        }
    }
    accounts
}

/// The record as this process can use it: a key whose variable is not set here is none.
pub(crate) fn as_it_is_here<'a>(record: &'a Record, environment: &Environment) -> Cow<'a, Record> {
    if let Material::EnvKey(name) = &record.material
        && environment.value(name).is_none()
        && matches!(record.standing.health, Health::Ready | Health::Cooling { .. })
    {
        let mut shown = Record::clone(record);
        shown.standing.health = Health::NeedsLogin {
            why: format!("the environment variable `{name}` is not set"),
        };
        return Cow::Owned(shown);
    }
    Cow::Borrowed(record)
}

/// When the provider ends the grant, if it does so some time after the login.
pub(crate) fn hard_end(record: &Record, oauth: &OAuth) -> Option<Timestamp> {
    match &record.material {
        Material::Grant(grant) => grant.hard_end(oauth.hard_end),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
    }
}

fn account_of(material: &Material) -> Option<String> {
    match material {
        Material::Grant(grant) => grant.login.account.clone().or_else(|| grant.login.subject.clone()),
        Material::Borrowed(borrowed) => {
            let login = &borrowed.login;
            login.account.clone().or_else(|| login.subject.clone())
        }
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => None,
    }
}

fn source_word(source: &Source) -> String {
    match source {
        Source::Login(flow) => format!("login:{}", flow.as_str()),
        Source::Added => "added".to_owned(),
        Source::Environment => "environment".to_owned(),
        Source::Imported(tool) => format!("import:{tool}"),
    }
}
