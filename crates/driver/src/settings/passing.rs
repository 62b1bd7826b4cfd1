//! Reads what is set in a home: all of it, or all but what is wrong with one provider alone.

use std::path::PathBuf;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{Origin, RowFile, Table};

use super::configuration::Configuration;
use super::environment::Environment;
use super::examined::{Examined, Looked, Mistake};
use super::loading::{Settings, configuration, find_home};
use super::place::Source;
use super::rows;
use super::texts::{Texts, configuration_text};
use crate::home::Home;

impl Settings {
    /// Reads them once; `home` is `--home`, `variables` the environment as the app found it. Nothing is made.
    ///
    /// # Errors
    /// The first mistake, with a command that mends it.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// let variables = [("EVERGRANT_HOME".to_owned(), "/somewhere/else".to_owned())];
    /// let settings = Settings::load(None, variables)?;
    /// assert_eq!(settings.home.root(), std::path::Path::new("/somewhere/else"));
    /// # Ok::<(), evergrant_driver::Failure>(())
    /// ```
    pub fn load(home: Option<PathBuf>, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Failure> {
        let environment = Environment::new(variables);
        let home = Home::at(find_home(home, &environment)?);
        whole(&home, &environment).map_err(|failure| Looked::at(&home).mendable(failure))
    }

    /// Reads them as [`Settings::load`] does, but past what is wrong with one provider alone, and tells it: a provider whose
    /// file in `providers.d` is at fault has no row (the table says why), and a key of `config.toml` that names a provider
    /// that there is not holds nothing.
    ///
    /// # Errors
    /// A mistake that may concern everything: in `config.toml`, or a `providers.d` that cannot be listed.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let home = tempfile::tempdir()?;
    /// std::fs::write(home.path().join("config.toml"), "[chat]\nprovider = \"nobody\"\n")?;
    /// let read = Settings::load_past(Some(home.path().to_owned()), [])?;
    /// // It is told, and every other provider serves.
    /// assert_eq!(read.mistakes.len(), 1);
    /// assert!(evergrant_driver::providers(&read.settings).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load_past(
        home: Option<PathBuf>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Examined, Failure> {
        let environment = Environment::new(variables);
        let home = Home::at(find_home(home, &environment)?);
        if let Ok(settings) = whole(&home, &environment) {
            return Ok(Examined {
                settings,
                mistakes: Vec::new(),
            });
        }
        let looked = Looked::at(&home);
        past(home, environment, &looked).map_err(|failure| looked.mendable(failure))
    }
}

fn whole(home: &Home, environment: &Environment) -> Result<Settings, Failure> {
    let texts = Texts::read(home)?;
    let table = rows::table(&texts.rows)?;
    let configuration = configuration(home, &texts, &table)?;
    Ok(Settings::of(
        home.clone(),
        texts,
        table,
        configuration,
        environment.clone(),
    ))
}

fn past(home: Home, environment: Environment, looked: &Looked) -> Result<Examined, Failure> {
    let table = sound(&home, looked)?;
    let path = home.configuration();
    let text = configuration_text(&path)?;
    let source = Source {
        path: &path,
        text: &text,
    };
    let (configuration, mut astray) = Configuration::parse_past(source, &table)?;
    for one in &mut astray {
        one.failure = looked.mendable(one.failure.clone());
    }
    let rows = looked.faulty.iter().map(|faulty| Mistake::Row(faulty.failure.clone()));
    let keys = astray.iter().map(|one| Mistake::Configuration(one.failure.clone()));
    let mistakes = rows.chain(keys).collect();
    // Those that cannot be read differ from whatever they will be.
    let texts = Texts::read(&home).unwrap_or_default();
    let settings = Settings::of(home, texts, table, configuration, environment).past(astray);
    Ok(Examined { settings, mistakes })
}

/// The rows of the sound files, without any provider that a faulty one is about.
fn sound(home: &Home, looked: &Looked) -> Result<Table, Failure> {
    let is_faulty = |id: &ProviderId| looked.faulty.iter().any(|faulty| faulty.provider == *id);
    let mut texts = Vec::new();
    for path in rows::paths(&home.providers())? {
        if looked.faulty.iter().any(|faulty| faulty.path == path) {
            continue;
        }
        let text = rows::text(&path)?;
        let name = path.display().to_string();
        match RowFile::parse(&name, &text, Origin::File(name.clone()))? {
            RowFile::Signals { id, .. } if is_faulty(&id) => {}
            RowFile::Signals { .. } | RowFile::Row(_) => texts.push((path, text)),
        }
    }
    let mut table = rows::table(&texts)?;
    for faulty in &looked.faulty {
        table = table.without(faulty.provider.clone(), faulty.failure.clone());
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use evergrant_engine::failure::Code;

    use super::*;

    const ROW: &str = "base_url = \"https://api.acme.example/v1\"\nauth = \"api-key\"\nkey_env = [\"ACME_KEY\"]\n";

    fn told(home: &Path) -> (Settings, Vec<String>) {
        let Examined { settings, mistakes } = Settings::load_past(Some(home.to_owned()), []).unwrap();
        let command = |mistake: &Mistake| mistake.failure().remedy.as_ref().unwrap().command().unwrap();
        (settings, mistakes.iter().map(command).collect())
    }

    #[test]
    fn a_file_at_fault_takes_its_own_provider_away_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let rows = directory.path().join("providers.d");
        fs::create_dir(&rows).unwrap();
        let signals = "[[signal]]\nname = \"s\"\nequals = \"x\"\nverdict = \"timeout\"\n";
        let files = [
            ("unknown-key", format!("id = \"a\"\n{ROW}colour = 3\n")),
            (
                "built-in",
                "id = \"openai\"\nbase_url = \"http://else.example\"\nauth = \"api-key\"\n".to_owned(),
            ),
            (
                "signals",
                format!("id = \"xai\"\n{}", signals.replace("timeout", "tmieout")),
            ),
            ("more-signals-of-a", format!("id = \"a\"\n{signals}")),
            ("no-toml", "<html>".to_owned()),
            ("cut", "id = \"cut\nbase".to_owned()),
            ("sound", format!("id = \"sound\"\n{ROW}")),
            ("twice-1", format!("id = \"twice\"\n{ROW}")),
            ("twice-2", format!("id = \"twice\"\n{ROW}")),
        ];
        for (name, text) in &files {
            fs::write(rows.join(format!("{name}.toml")), text).unwrap();
        }
        let (settings, told) = told(directory.path());
        for id in ["sound", "xai-oauth"] {
            assert!(settings.table.row(&id.into()).is_some(), "{id}");
        }
        for id in ["a", "openai", "xai", "no-toml", "cut", "twice"] {
            assert!(settings.table.row(&id.into()).is_none(), "{id}");
            let missing = settings.table.missing(&id.into());
            assert_eq!(missing.code, Code::RowInvalid, "{id}: {missing}");
            assert!(told.contains(&missing.remedy.unwrap().command().unwrap()), "{id}");
        }
        let fatal = Settings::load(Some(directory.path().to_owned()), []).unwrap_err();
        assert!(told.contains(&fatal.remedy.unwrap().command().unwrap()));
    }

    #[test]
    fn a_name_in_the_configuration_that_leads_nowhere_is_passed_over_and_told() {
        let directory = tempfile::tempdir().unwrap();
        let text = "[route]\n\"a-*\" = [\"gone\", \"xai\"]\n[pool.gone]\n[chat]\nprovider = \"xai-ouath\"\n";
        let path = directory.path().join("config.toml");
        fs::write(&path, text).unwrap();
        let (settings, told) = told(directory.path());
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(settings.astray("chat.provider").is_some() && settings.astray("chat.model").is_none());
        let spelt = format!("sed -i.bak '5s|xai-ouath|xai-oauth|' {}", path.display());
        assert!(told.contains(&spelt), "{told:?}");
        fs::write(&path, format!("{text}colour = 3\n")).unwrap();
        let fatal = Settings::load_past(Some(directory.path().to_owned()), []).unwrap_err();
        assert_eq!(fatal.code, Code::ConfigInvalid);
        let mend = format!("sed -i.bak '6s/^/# /' {}", path.display());
        assert_eq!(fatal.remedy.unwrap().command(), Some(mend));
    }

    #[test]
    fn a_directory_of_rows_that_cannot_be_listed_may_concern_every_provider() {
        let directory = tempfile::tempdir().unwrap();
        let rows = directory.path().join("providers.d");
        fs::write(&rows, "").unwrap();
        let fatal = Settings::load_past(Some(directory.path().to_owned()), []).unwrap_err();
        let aside = format!("mv {0} {0}.aside", rows.display());
        assert_eq!(fatal.remedy.unwrap().command(), Some(aside));
    }
}
