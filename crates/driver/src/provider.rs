//! A provider as people see it: its row without what only the driver needs.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{Auth, Flow, Origin, Row};
use url::Url;

use crate::settings::Settings;

/// One provider, as `providers` reports it.
///
/// ```
/// use evergrant_driver::providers;
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// let settings = Settings::load(Some(folder.path().join("home")), [])?;
/// let known = providers(&settings)?;
/// // Where a person would log in, and where a key is asked for.
/// let (keys, logins): (Vec<_>, Vec<_>) = known.iter().partition(|provider| provider.flows.is_empty());
/// assert!(keys.iter().all(|provider| provider.auth == "api-key") && !logins.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderInfo {
    /// Its id.
    pub id: ProviderId,
    /// Its name for people.
    pub name: String,
    /// `oauth` or `api-key`.
    pub auth: &'static str,
    /// The inference API's base.
    pub base_url: Url,
    /// The ways to log in, in order of preference; none where it takes keys.
    pub flows: Vec<Flow>,
    /// Environment variables that usually hold its key; they are never handed to children.
    pub key_env: Vec<String>,
    /// Patterns of the models it serves.
    pub models: Vec<String>,
    /// The model to use when none is named.
    pub default_model: Option<String>,
    /// The API surfaces it has; empty is "not known".
    pub surfaces: Vec<String>,
    /// `built-in`, or the user's file.
    pub origin: String,
}

impl From<&Row> for ProviderInfo {
    fn from(row: &Row) -> Self {
        let (auth, flows, key_env) = match &row.auth {
            Auth::OAuth(oauth) => ("oauth", oauth.flows.clone(), Vec::new()),
            Auth::ApiKey(key) => ("api-key", Vec::new(), key.key_env.clone()),
        };
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            auth,
            base_url: row.base_url.clone(),
            flows,
            key_env,
            models: row.models.iter().map(|glob| glob.0.clone()).collect(),
            default_model: row.default_model.clone(),
            surfaces: row.surfaces.clone(),
            origin: match &row.origin {
                Origin::BuiltIn => "built-in".to_owned(),
                Origin::File(file) => file.clone(),
            },
        }
    }
}

/// The provider that takes API keys for the API of this one, if there is one.
///
/// ```
/// use evergrant_driver::provider::key_provider;
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// let settings = Settings::load(Some(folder.path().join("home")), [])?;
/// // Whose plan does not cover the API can still use a key.
/// assert_eq!(key_provider(&settings, &"xai-oauth".into()), Some("xai".into()));
/// assert_eq!(key_provider(&settings, &"xai".into()), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn key_provider(settings: &Settings, provider: &ProviderId) -> Option<ProviderId> {
    settings.table.row(provider)?.key_provider.clone()
}

/// The table of providers: the built-in ones, then the user's.
///
/// # Errors
/// A row that cannot be used.
///
/// ```
/// use evergrant_driver::providers;
/// use evergrant_driver::settings::Settings;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let known = providers(&Settings::load(Some(folder.path().join("home")), [])?)?;
/// assert!(known.iter().any(|provider| provider.id.as_str() == "openai" && provider.auth == "api-key"));
/// # Ok(())
/// # }
/// ```
pub fn providers(settings: &Settings) -> Result<Vec<ProviderInfo>, Failure> {
    Ok(settings.table.rows().map(|row| ProviderInfo::from(&**row)).collect())
}
