//! `config.toml` as it is meant.

use std::collections::BTreeMap;
use std::path::PathBuf;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{ModelGlob, Table};
use toml::Spanned;

use super::access_log::AccessLog;
use super::listen::Listen;
use super::place::Source;
use super::pools::{PoolSettings, pools};
use super::serving::ServeSettings;
use super::talking::{Chat, Tasks};
use super::written::Written;

/// What the file says, with the defaults where it is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) lasting: Lasting,
    pub(super) pools: BTreeMap<ProviderId, PoolSettings>,
    pub(super) routes: Vec<Route>,
    pub(super) require_key: bool,
    pub(super) chat: Chat,
    pub(super) tasks: Tasks,
}

/// A key that names a provider that there is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Astray {
    pub(super) key: String,
    pub(super) failure: Failure,
}

/// What holds for as long as a process runs: whoever has a store open or an address bound does not change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lasting {
    pub(super) listen: Vec<Listen>,
    pub(super) serve: ServeSettings,
    pub(super) access_log: Option<AccessLog>,
    pub(super) store: StoreUrl,
    pub(super) key: KeyChoice,
}

impl Lasting {
    /// The keys whose values are not the same.
    pub(super) fn differing(&self, other: &Self) -> Vec<&'static str> {
        let Self {
            listen,
            serve,
            access_log,
            store,
            key,
        } = self;
        [
            ("serve.listen", *listen == other.listen),
            ("serve.access_log", *access_log == other.access_log),
            ("store.url", *store == other.store),
            ("store.key", *key == other.key),
        ]
        .into_iter()
        .filter_map(|(name, same)| (!same).then_some(name))
        .chain(serve.differing(&other.serve))
        .collect()
    }
}

/// `store.url`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StoreUrl {
    /// `sqlite:FILE`: a name within the home, or an absolute path.
    Sqlite(PathBuf),
}

/// `store.key`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyChoice {
    /// `file`
    File,
    /// `keyring`
    Keyring,
    /// `env:VAR`
    Environment(String),
    /// `passphrase`
    Passphrase,
}

/// One line of `[route]`: models, and the providers that serve them, in order.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[route]\n\"gpt-*\" = [\"openai\", \"openrouter\"]\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// let route = settings.routes.iter().find(|route| route.models.matches("gpt-5")).expect("there is one");
/// assert_eq!(route.providers, ["openai".into(), "openrouter".into()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// Which models.
    pub models: ModelGlob,
    /// By whom.
    pub providers: Vec<ProviderId>,
}

impl Configuration {
    /// Reads the file's text; failures name file, line and key. A provider that the table lacks is one.
    pub(super) fn parse(source: Source<'_>, table: &Table) -> Result<Self, Failure> {
        let written = written(source)?;
        match astray(&written, source, table).into_iter().next() {
            Some(Astray { failure, .. }) => Err(failure),
            None => Self::meant(&written, source),
        }
    }

    /// Reads it past the providers that the table neither has nor bars; tells them.
    pub(super) fn parse_past(source: Source<'_>, table: &Table) -> Result<(Self, Vec<Astray>), Failure> {
        let written = written(source)?;
        let configuration = Self::meant(&written, source)?;
        Ok((configuration, astray(&written, source, table)))
    }

    fn meant(written: &Written, source: Source<'_>) -> Result<Self, Failure> {
        let listen = match &written.serve.listen {
            None => vec![Listen::Tcp(DEFAULT_LISTEN.into())],
            Some(addresses) => each(
                addresses,
                |text| text.parse().map_err(|why| (why, "serve.listen")),
                source,
            )?,
        };
        Ok(Self {
            lasting: Lasting {
                listen,
                serve: ServeSettings::read(&written.serve, source)?,
                access_log: AccessLog::read(&written.serve, source)?,
                store: one(written.store.url.as_ref(), store_url, "store.url", source)?,
                key: one(written.store.key.as_ref(), key_choice, "store.key", source)?,
            },
            pools: pools(&written.pool, source)?,
            routes: routes(written, source)?,
            require_key: written.serve.require_key.unwrap_or_default(),
            chat: Chat::read(&written.chat, source)?,
            tasks: Tasks::read(&written.tasks, source)?,
        })
    }
}

/// What an empty file says.
impl Default for Configuration {
    fn default() -> Self {
        Self {
            lasting: Lasting {
                listen: vec![Listen::Tcp(DEFAULT_LISTEN.into())],
                serve: ServeSettings::default(),
                access_log: None,
                store: StoreUrl::default(),
                key: KeyChoice::default(),
            },
            pools: BTreeMap::new(),
            routes: Vec::new(),
            require_key: false,
            chat: Chat::default(),
            tasks: Tasks::default(),
        }
    }
}

fn written(source: Source<'_>) -> Result<Written, Failure> {
    toml::from_str(source.text).map_err(|error| source.toml_failure(&error))
}

fn astray(written: &Written, source: Source<'_>, table: &Table) -> Vec<Astray> {
    let named = written.providers().into_iter();
    let unknown = named.filter(|(_, _, id)| {
        let id = ProviderId::from(*id);
        table.row(&id).is_none() && table.barred(&id).is_none()
    });
    unknown
        .map(|(span, key, id)| Astray {
            failure: source.failure(&span, &key, &format!("there is no provider `{id}`")),
            key,
        })
        .collect()
}

/// What `store.url` or `--store` means.
pub(super) fn store_url(text: &str) -> Result<StoreUrl, String> {
    match text.split_once(':') {
        Some(("sqlite", file)) if !file.is_empty() => Ok(StoreUrl::Sqlite(file.into())),
        Some(("postgres" | "postgresql", _)) => Err("this build has no PostgreSQL store: use `sqlite:FILE`".to_owned()),
        Some(_) | None => Err("is not `sqlite:FILE`".to_owned()),
    }
}

fn key_choice(text: &str) -> Result<KeyChoice, String> {
    match (text, text.strip_prefix("env:")) {
        ("file", _) => Ok(KeyChoice::File),
        ("keyring", _) => Ok(KeyChoice::Keyring),
        ("passphrase", _) => Ok(KeyChoice::Passphrase),
        (_, Some(name)) if !name.is_empty() => Ok(KeyChoice::Environment(name.to_owned())),
        (_, Some(_) | None) => Err("is not one of `file`, `keyring`, `env:VAR`, `passphrase`".to_owned()),
    }
}

impl Default for StoreUrl {
    fn default() -> Self {
        Self::Sqlite("evergrant.db".into())
    }
}

#[expect(clippy::derivable_impls, reason = "the default is a decision, to be read here")]
impl Default for KeyChoice {
    fn default() -> Self {
        Self::File
    }
}

/// The routes in the order of the file, because the first match wins.
fn routes(written: &Written, source: Source<'_>) -> Result<Vec<Route>, Failure> {
    let mut lines: Vec<_> = written.route.iter().collect();
    lines.sort_by_key(|(glob, _)| glob.span().start);
    lines
        .into_iter()
        .map(|(glob, providers)| {
            if providers.get_ref().is_empty() {
                let key = format!("route.\"{}\"", glob.get_ref());
                return Err(source.failure(&providers.span(), &key, "names no provider"));
            }
            Ok(Route {
                models: ModelGlob(glob.get_ref().clone()),
                providers: providers
                    .get_ref()
                    .iter()
                    .map(|id| ProviderId::from(id.as_str()))
                    .collect(),
            })
        })
        .collect()
}

fn one<T: Default>(
    written: Option<&Spanned<String>>,
    parse: impl Fn(&str) -> Result<T, String>,
    key: &str,
    source: Source<'_>,
) -> Result<T, Failure> {
    written.map_or_else(
        || Ok(T::default()),
        |text| parse(text.get_ref()).map_err(|why| source.failure(&text.span(), key, &why)),
    )
}

fn each<T>(
    written: &[Spanned<String>],
    parse: impl Fn(&str) -> Result<T, (String, &'static str)>,
    source: Source<'_>,
) -> Result<Vec<T>, Failure> {
    written
        .iter()
        .map(|text| parse(text.get_ref()).map_err(|(why, key)| source.failure(&text.span(), key, &why)))
        .collect()
}

/// Loopback, so that nothing is served to others by accident.
const DEFAULT_LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 8787);

#[cfg(test)]
#[path = "configuration_tests.rs"]
mod tests;
