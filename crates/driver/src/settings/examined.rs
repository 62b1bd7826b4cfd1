//! The home's files as `doctor` reads them: past every mistake, each of which it tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{Origin, RowFile, Table};

use super::configuration::Configuration;
use super::environment::Environment;
use super::loading::{Settings, find_home};
use super::mending::{Mended, mend, set_aside};
use super::place::Source;
use super::rows;
use super::texts::{Texts, configuration_text};
use crate::home::Home;

/// What is set, as far as it can be read.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[chat]\nmodle = \"gpt-5\"\nwindow_tokens = 64000\n")?;
/// let examined = Settings::examine(Some(home.path().to_owned()), [])?;
/// // One line is wrong, and the others count all the same.
/// assert_eq!((examined.mistakes.len(), examined.settings.chat.window_tokens), (1, 64_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Examined {
    /// Everything as it will be once each mistake is mended as its remedy says.
    pub settings: Settings,
    /// What is wrong in the files.
    pub mistakes: Vec<Mistake>,
}

/// One mistake in a file of the home.
///
/// ```
/// use evergrant_driver::settings::{Mistake, Settings};
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[chat]\nmodle = \"gpt-5\"\nwindow_tokens = 64000\n")?;
/// let examined = Settings::examine(Some(home.path().to_owned()), [])?;
/// let told = examined.mistakes.iter().map(|mistake| match mistake {
///     Mistake::Configuration(failure) | Mistake::Row(failure) => failure.message.as_str(),
/// });
/// assert!(told.collect::<String>().contains("modle"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// In `config.toml`.
    Configuration(Failure),
    /// In `providers.d`.
    Row(Failure),
}

/// A file of `providers.d` that is at fault, and the provider it is about.
pub(super) struct Faulty {
    pub(super) path: PathBuf,
    pub(super) provider: ProviderId,
    /// The first thing that is wrong in it, with what mends that.
    pub(super) failure: Failure,
}

/// The files of a home, each read past its mistakes.
pub(super) struct Looked {
    table: Table,
    configuration: Configuration,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) faulty: Vec<Faulty>,
}

impl Looked {
    pub(super) fn at(home: &Home) -> Self {
        let mut looked = Self {
            table: Table::built_in(),
            configuration: Configuration::default(),
            mistakes: Vec::new(),
            faulty: Vec::new(),
        };
        looked.rows(&home.providers());
        looked.configuration = configuration(&home.configuration(), &looked.table, &mut looked.mistakes);
        looked
    }

    /// The same failure with the command that mends it, which has been tried on the text.
    pub(super) fn mendable(&self, failure: Failure) -> Failure {
        let mut told = self.mistakes.iter().map(Mistake::failure);
        let same = told.find(|told| told.message == failure.message);
        same.cloned().unwrap_or(failure)
    }

    /// The built-in rows with the user's over them, each file by itself.
    fn rows(&mut self, directory: &Path) {
        let mut paths = rows::paths(directory).unwrap_or_else(|failure| {
            self.mistakes
                .push(Mistake::Row(failure.with_remedy(set_aside(directory))));
            Vec::new()
        });
        // The row that a file of signals extends may stand in a file that comes after it.
        let is_row = |text: String| text.lines().any(|line| line.trim_start().starts_with("base_url"));
        paths.sort_by_key(|path| !rows::text(path).is_ok_and(is_row));
        let mut homes: BTreeMap<ProviderId, String> = BTreeMap::new();
        for path in paths {
            let (written, mended) = match rows::text(&path) {
                Ok(text) => {
                    let mended = mend(&path, &text, &[], |text| file(&path, text, &self.table, &homes));
                    (text, mended)
                }
                Err(failure) => (String::new(), unread(&path, failure)),
            };
            let provider = match &mended.value {
                Some(read) => read.id.clone(),
                None => named(&written, &path),
            };
            if let Some(failure) = mended.mistakes.first().cloned() {
                self.faulty.push(Faulty {
                    path: path.clone(),
                    provider,
                    failure,
                });
            }
            self.mistakes.extend(mended.mistakes.into_iter().map(Mistake::Row));
            if let Some(read) = mended.value {
                self.table = read.table;
                if read.is_row {
                    homes.insert(read.id, path.display().to_string());
                }
            }
        }
    }
}

impl Mistake {
    /// What is wrong, with what mends it.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let home = tempfile::tempdir()?;
    /// std::fs::write(home.path().join("config.toml"), "[chat]\nmodle = \"gpt-5\"\n")?;
    /// let examined = Settings::examine(Some(home.path().to_owned()), [])?;
    /// assert!(examined.mistakes.iter().all(|mistake| mistake.failure().message.contains("modle")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn failure(&self) -> &Failure {
        let (Self::Configuration(failure) | Self::Row(failure)) = self;
        failure
    }
}

impl Settings {
    /// Reads them as [`Settings::load`] does, but goes on after a mistake; fails only where there is no home at all.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let home = tempfile::tempdir()?;
    /// std::fs::write(home.path().join("config.toml"), "[chat]\nmodle = \"gpt-5\"\nwindow_tokens = 64000\n")?;
    /// let home = Some(home.path().to_owned());
    /// assert!(Settings::load(home.clone(), []).is_err());
    /// // For whoever has to tell what is wrong rather than to go by it.
    /// assert_eq!(Settings::examine(home, [])?.mistakes.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn examine(
        home: Option<PathBuf>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Examined, Failure> {
        let environment = Environment::new(variables);
        let home = Home::at(find_home(home, &environment)?);
        let Looked {
            table,
            configuration,
            mistakes,
            ..
        } = Looked::at(&home);
        Ok(Examined {
            settings: Self::of(home, Texts::default(), table, configuration, environment),
            mistakes,
        })
    }
}

/// What a file of `providers.d` says.
struct Read {
    id: ProviderId,
    is_row: bool,
    /// The table with it.
    table: Table,
}

fn file(path: &Path, text: &str, table: &Table, homes: &BTreeMap<ProviderId, String>) -> Result<Read, Failure> {
    let name = path.display().to_string();
    let file = RowFile::parse(&name, text, Origin::File(name.clone()))?;
    let (id, is_row) = match &file {
        RowFile::Row(row) => (row.id.clone(), true),
        RowFile::Signals { id, .. } => (id.clone(), false),
    };
    if is_row && let Some(other) = homes.get(&id) {
        return Err(rows::twice(&name, text, other, &id));
    }
    let table = table.clone().with([file])?;
    Ok(Read { id, is_row, table })
}

/// The provider that a file is about which cannot be read: the one that its `id` names, else that of its name.
fn named(text: &str, path: &Path) -> ProviderId {
    let id = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let quoted = value.trim().strip_prefix(['"', '\''])?;
        let (id, _) = quoted.split_once(['"', '\''])?;
        (key.trim() == "id" && !id.is_empty()).then(|| ProviderId::from(id))
    });
    id.unwrap_or_else(|| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        ProviderId::from(&*stem)
    })
}

fn configuration(path: &Path, table: &Table, mistakes: &mut Vec<Mistake>) -> Configuration {
    let read = |text: &str| Configuration::parse(Source { path, text }, table);
    let mended = match configuration_text(path) {
        Ok(text) => {
            let names: Vec<&str> = table.rows().map(|row| row.id.as_str()).collect();
            mend(path, &text, &names, read)
        }
        Err(failure) => unread(path, failure),
    };
    mistakes.extend(mended.mistakes.into_iter().map(Mistake::Configuration));
    mended.value.unwrap_or_default()
}

/// A file that is there and cannot be read.
fn unread<T>(path: &Path, failure: Failure) -> Mended<T> {
    Mended {
        value: None,
        mistakes: vec![failure.with_remedy(set_aside(path))],
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn commands(home: &Path) -> (Settings, Vec<String>) {
        let examined = Settings::examine(Some(home.to_owned()), []).unwrap();
        let command = |mistake: &Mistake| {
            let (Mistake::Configuration(failure) | Mistake::Row(failure)) = mistake;
            failure.remedy.as_ref().unwrap().command().unwrap()
        };
        (examined.settings, examined.mistakes.iter().map(command).collect())
    }

    const ROW: &str = "base_url = \"https://api.acme.example/v1\"\nauth = \"api-key\"\nkey_env = [\"ACME_KEY\"]\n";

    #[test]
    fn every_file_is_told_of_and_the_sound_ones_count() {
        let directory = tempfile::tempdir().unwrap();
        let rows = directory.path().join("providers.d");
        fs::create_dir(&rows).unwrap();
        fs::write(rows.join("a.toml"), format!("id = \"a\"\n{ROW}colour = 3\n")).unwrap();
        fs::write(
            rows.join("b.toml"),
            format!("id = \"b\"\n{}", ROW.replace("https", "http")),
        )
        .unwrap();
        fs::write(rows.join("c.toml"), format!("id = \"c\"\n{ROW}")).unwrap();
        fs::write(rows.join("d.toml"), format!("id = \"c\"\n{ROW}")).unwrap();
        fs::create_dir(rows.join("e.toml")).unwrap();
        fs::write(
            directory.path().join("config.toml"),
            "[route]\n\"x\" = [\"a\", \"b\", \"c\", \"nobody\"]\n",
        )
        .unwrap();
        let (settings, told) = commands(directory.path());
        for id in ["a", "b", "c"] {
            assert!(settings.table.row(&ProviderId::from(id)).is_some(), "{id}");
        }
        let path = |name: &str| directory.path().join(name).display().to_string();
        assert_eq!(
            told,
            [
                format!("sed -i.bak '5s/^/# /' {}", path("providers.d/a.toml")),
                format!("sed -i.bak '2s|http://|https://|' {}", path("providers.d/b.toml")),
                format!("mv {0} {0}.aside", path("providers.d/d.toml")),
                format!("mv {0} {0}.aside", path("providers.d/e.toml")),
                format!("sed -i.bak '2s/^/# /' {}", path("config.toml")),
            ]
        );
    }

    #[test]
    fn a_directory_in_place_of_the_configuration_is_set_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        fs::create_dir(&path).unwrap();
        let (_, told) = commands(directory.path());
        assert_eq!(told, [format!("mv {0} {0}.aside", path.display())]);
    }
}
