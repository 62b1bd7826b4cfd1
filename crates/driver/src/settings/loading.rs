//! Everything that was set in a home, and how it is read again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Auth, Table};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::secret::Secret;

use super::access_log::AccessLog;
use super::configuration::{Astray, Configuration, KeyChoice, Lasting, Route, StoreUrl, store_url};
use super::environment::Environment;
use super::listen::Listen;
use super::place::Source;
use super::pools::PoolSettings;
use super::rows;
use super::serving::ServeSettings;
use super::talking::{Chat, Tasks};
use super::texts::Texts;
use crate::home::Home;
use crate::http::NetworkSettings;
use crate::vault::KeySource;

/// Everything that was set.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[serve]\nlisten = [\"127.0.0.1:9999\"]\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// assert_eq!(settings.listen, ["127.0.0.1:9999".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The home.
    pub home: Home,
    /// Where the store's key comes from.
    pub key: KeySource,
    /// Where the gateway listens.
    pub listen: Vec<Listen>,
    /// How the gateway serves there.
    pub serve: ServeSettings,
    /// Whether and where it keeps a line for each request.
    pub access_log: Option<AccessLog>,
    /// How a provider's credentials are treated, where it was set.
    pub pools: BTreeMap<ProviderId, PoolSettings>,
    /// Which providers serve a model, in the order of the file.
    pub routes: Vec<Route>,
    /// Whether a gateway lets nobody in without a client key, whoever can reach it.
    pub require_key: bool,
    /// Who chats.
    pub chat: Chat,
    /// Who does the auxiliary tasks.
    pub tasks: Tasks,
    /// Proxies and certificates.
    pub network: NetworkSettings,
    /// The rest of the environment, for keys that are kept there.
    pub environment: Environment,
    /// The providers: the built-in rows, and the user's over them. Hidden from the docs: [`crate::providers`] tells what is in them
    /// without the engine's own types.
    #[doc(hidden)]
    pub table: Arc<Table>,
    /// What the files said.
    texts: Texts,
    /// What was set there for as long as a process runs.
    lasting: Lasting,
    /// The keys of `config.toml` that were passed over because of whom they name.
    astray: Vec<Astray>,
}

impl Settings {
    pub(super) fn of(
        home: Home,
        texts: Texts,
        table: Table,
        configuration: Configuration,
        environment: Environment,
    ) -> Self {
        let StoreUrl::Sqlite(database) = &configuration.lasting.store;
        Self {
            table: Arc::new(table),
            home: home.with_database(database),
            key: key_source(&configuration.lasting.key, &environment),
            listen: configuration.lasting.listen.clone(),
            serve: configuration.lasting.serve.clone(),
            access_log: configuration.lasting.access_log.clone(),
            texts,
            lasting: configuration.lasting,
            pools: configuration.pools,
            routes: configuration.routes,
            require_key: configuration.require_key,
            chat: configuration.chat,
            tasks: configuration.tasks,
            network: environment.network(),
            environment,
            astray: Vec::new(),
        }
    }

    /// The same, passed over these keys.
    pub(super) fn past(mut self, astray: Vec<Astray>) -> Self {
        self.astray = astray;
        self
    }

    /// Why the value of that key of `config.toml`, such as `chat.provider`, does not hold.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let home = tempfile::tempdir()?;
    /// std::fs::write(home.path().join("config.toml"), "[chat]\nprovider = \"nobody\"\n")?;
    /// let read = Settings::load_past(Some(home.path().to_owned()), [])?;
    /// let why = read.settings.astray("chat.provider").expect("there is no such provider");
    /// assert!(why.message.contains("nobody"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn astray(&self, key: &str) -> Option<&Failure> {
        let found = self.astray.iter().find(|astray| astray.key == key);
        found.map(|astray| &astray.failure)
    }

    /// What the files said when they were read.
    pub(crate) const fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The same with rows, pools, routes, chat and tasks as the files say now, and the keys whose new values wait for the
    /// next start.
    ///
    /// # Errors
    /// A file that cannot be used: which, its line and key.
    pub(crate) fn reread(&self, texts: Texts) -> Result<(Self, Vec<&'static str>), Failure> {
        let table = rows::table(&texts.rows)?;
        let configuration = configuration(&self.home, &texts, &table)?;
        let waiting = configuration.lasting.differing(&self.lasting);
        let read = Self {
            table: Arc::new(table),
            pools: configuration.pools,
            routes: configuration.routes,
            require_key: configuration.require_key,
            chat: configuration.chat,
            tasks: configuration.tasks,
            texts,
            astray: Vec::new(),
            ..self.clone()
        };
        Ok((read, waiting))
    }

    /// The same with another store (`--store URL`).
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let settings = Settings::load(Some(folder.path().join("home")), [])?;
    /// let settings = settings.with_store("sqlite:/fast-disk/credentials.db")?;
    /// assert_eq!(settings.home.database(), std::path::Path::new("/fast-disk/credentials.db"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_store(mut self, url: &str) -> Result<Self, Failure> {
        let StoreUrl::Sqlite(database) =
            store_url(url).map_err(|why| Failure::new(Code::Usage, format!("`--store`: `{url}` {why}")))?;
        self.home = self.home.with_database(&database);
        Ok(self)
    }

    /// Whether this provider takes API keys at all.
    ///
    /// # Errors
    /// A provider that there is not, or one with logins alone.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let settings = Settings::load(Some(folder.path().join("home")), [])?;
    /// // Before anybody is asked for one.
    /// assert!(settings.takes_keys(&"openai".into()).is_ok());
    /// assert!(settings.takes_keys(&"xai-oauth".into()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn takes_keys(&self, provider: &ProviderId) -> Result<(), Failure> {
        let row = self.table.row(provider).ok_or_else(|| self.table.missing(provider))?;
        match &row.auth {
            Auth::ApiKey(_) => Ok(()),
            Auth::OAuth(_) => {
                let login = Remedy::Login {
                    provider: provider.clone(),
                    label: None,
                };
                Err(Failure::new(Code::Usage, format!("{provider} takes no API key")).with_remedy(login))
            }
        }
    }

    /// Whether the store's key waits for a passphrase.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let home = tempfile::tempdir()?;
    /// std::fs::write(home.path().join("config.toml"), "[store]\nkey = \"passphrase\"\n")?;
    /// let settings = Settings::load(Some(home.path().to_owned()), [])?;
    /// // Ask the person, then go on with `with_passphrase`.
    /// assert!(settings.wants_passphrase());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wants_passphrase(&self) -> bool {
        self.key == KeySource::Passphrase(None)
    }

    /// The variables that no child may inherit: the store's key and every provider's API key.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let settings = Settings::load(Some(folder.path().join("home")), [])?;
    /// let mut child = std::process::Command::new("true");
    /// for name in settings.withheld() {
    ///     child.env_remove(name);
    /// }
    /// assert!(child.get_envs().any(|(name, value)| name == "OPENAI_API_KEY" && value.is_none()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn withheld(&self) -> Vec<String> {
        let store = match &self.key {
            KeySource::Environment { name, .. } => Some(name.clone()),
            KeySource::File | KeySource::Passphrase(_) | KeySource::Keyring => None,
        };
        let keys = self.table.rows().flat_map(|row| match &row.auth {
            Auth::ApiKey(key) => key.key_env.as_slice(),
            Auth::OAuth(_) => &[],
        });
        let mut names: Vec<String> = store.into_iter().chain(keys.cloned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The same with the passphrase that was asked for.
    ///
    /// ```
    /// use evergrant_driver::Secret;
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let home = tempfile::tempdir()?;
    /// std::fs::write(home.path().join("config.toml"), "[store]\nkey = \"passphrase\"\n")?;
    /// let settings = Settings::load(Some(home.path().to_owned()), [])?;
    /// let settings = settings.with_passphrase(Secret::from("correct horse battery"));
    /// assert!(!settings.wants_passphrase());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_passphrase(mut self, passphrase: Secret<String>) -> Self {
        if let KeySource::Passphrase(given) = &mut self.key {
            *given = Some(passphrase);
        }
        self
    }
}

pub(super) fn find_home(option: Option<PathBuf>, environment: &Environment) -> Result<PathBuf, Failure> {
    let user = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    let found = option
        .or_else(|| environment.value("EVERGRANT_HOME").map(PathBuf::from))
        .or_else(|| environment.value(user).map(|user| Path::new(user).join(".evergrant")))
        .ok_or_else(|| {
            let message = format!("there is no home: neither `--home`, `EVERGRANT_HOME` nor `{user}` is set");
            Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
                command: "export EVERGRANT_HOME=\"$PWD/.evergrant\"".to_owned(),
                why: "say where evergrant may keep its files".to_owned(),
            })
        })?;
    std::path::absolute(&found).map_err(|error| {
        let message = format!("the home `{}` cannot be found: {error}", found.display());
        Failure::new(Code::Usage, message)
    })
}

pub(super) fn configuration(home: &Home, texts: &Texts, table: &Table) -> Result<Configuration, Failure> {
    let (path, text) = (home.configuration(), texts.configuration.as_str());
    Configuration::parse(Source { path: &path, text }, table)
}

fn key_source(choice: &KeyChoice, environment: &Environment) -> KeySource {
    match choice {
        KeyChoice::File => KeySource::File,
        KeyChoice::Keyring => KeySource::Keyring,
        KeyChoice::Passphrase => KeySource::Passphrase(None),
        KeyChoice::Environment(name) => KeySource::Environment {
            value: environment.value(name).map(Secret::from),
            name: name.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn load(home: Option<&Path>, variables: &[(&str, &str)]) -> Result<Settings, Failure> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(home.map(Path::to_owned), variables)
    }

    #[test]
    fn the_option_beats_the_variable_and_that_the_users_directory() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let (variable, user) = (root.join("variable"), root.join("user"));
        let variables = [
            ("EVERGRANT_HOME", variable.to_str().unwrap()),
            ("HOME", user.to_str().unwrap()),
            ("USERPROFILE", user.to_str().unwrap()),
        ];
        assert_eq!(load(Some(root), &variables).unwrap().home.root(), root);
        assert_eq!(load(None, &variables).unwrap().home.root(), variable);
        assert_eq!(
            load(None, &variables[1..]).unwrap().home.root(),
            user.join(".evergrant")
        );
        assert_eq!(load(None, &[]).unwrap_err().code, Code::Usage);
        assert!(!user.exists(), "reading makes nothing");
    }

    #[test]
    fn the_homes_file_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path());
        fs::write(
            home.configuration(),
            "[store]\nurl = \"sqlite:other.db\"\nkey = \"env:KEY\"",
        )
        .unwrap();
        let settings = load(Some(directory.path()), &[("KEY", "secret")]).unwrap();
        assert_eq!(settings.home.database(), directory.path().join("other.db"));
        let KeySource::Environment { name, value } = &settings.key else {
            panic!("{:?}", settings.key);
        };
        assert_eq!((name.as_str(), value), ("KEY", &Some(Secret::from("secret"))));
        assert!(!format!("{settings:?}").contains("secret"));
        let withheld = settings.withheld();
        for name in ["KEY", "OPENAI_API_KEY"] {
            assert!(withheld.iter().any(|held| held == name), "{withheld:?}");
        }
        let moved = settings.with_store("sqlite:/elsewhere/x.db").unwrap();
        assert_eq!(moved.home.database(), Path::new("/elsewhere/x.db"));
        assert_eq!(moved.with_store("x").unwrap_err().code, Code::Usage);
    }

    #[test]
    fn a_directory_in_place_of_a_file_is_told() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("config.toml")).unwrap();
        assert_eq!(load(Some(directory.path()), &[]).unwrap_err().code, Code::ConfigInvalid);
    }

    #[test]
    fn a_passphrase_is_asked_for_once() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("config.toml"), "[store]\nkey = \"passphrase\"").unwrap();
        let settings = load(Some(directory.path()), &[]).unwrap();
        assert!(settings.wants_passphrase());
        assert!(!settings.with_passphrase(Secret::from("p")).wants_passphrase());
    }

    #[test]
    fn what_is_read_again_changes_rows_and_routes_and_leaves_the_store() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path());
        let settings = load(Some(directory.path()), &[]).unwrap();
        let settings = settings.with_store("sqlite:typed.db").unwrap();
        fs::create_dir(home.providers()).unwrap();
        let row = home.providers().join("acme.toml");
        fs::write(
            &row,
            "id = \"acme\"\nbase_url = \"https://acme.example/v1\"\nauth = \"api-key\"\n",
        )
        .unwrap();
        let text = "[store]\nurl = \"sqlite:other.db\"\n[route]\n\"a-*\" = [\"acme\"]\n";
        fs::write(home.configuration(), text).unwrap();
        let (read, waiting) = settings.reread(Texts::read(&home).unwrap()).unwrap();
        assert!(read.table.row(&"acme".into()).is_some());
        assert_eq!(read.routes.len(), 1);
        assert_eq!(read.home.database(), settings.home.database());
        assert_eq!(waiting, ["store.url"]);
        fs::write(&row, "id = \"acme\"\ncolour = 3\n").unwrap();
        let refused = settings.reread(Texts::read(&home).unwrap()).unwrap_err();
        assert_eq!(refused.code, Code::RowInvalid);
    }
}
