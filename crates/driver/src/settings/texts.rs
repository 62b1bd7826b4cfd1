//! What the home's files say, as it was read: to be parsed, and to see whether it has changed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;

use super::rows;
use crate::home::Home;
use crate::plain_file;

/// The texts of `config.toml` and of `providers.d`.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Texts {
    /// `config.toml`; empty where there is none.
    pub(super) configuration: String,
    /// Each row's file and text, in the order of their names.
    pub(super) rows: Vec<(PathBuf, String)>,
}

impl Texts {
    /// Reads them.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub(crate) fn read(home: &Home) -> Result<Self, Failure> {
        let configuration = configuration_text(&home.configuration())?;
        let paths = rows::paths(&home.providers())?.into_iter();
        let rows = paths.map(|path| Ok((path.clone(), rows::text(&path)?)));
        let rows = rows.collect::<Result<_, Failure>>()?;
        Ok(Self { configuration, rows })
    }

    /// Which files say something else than they did.
    pub(crate) fn changed(&self, before: &Self, home: &Home) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        if self.configuration != before.configuration {
            changed.push(home.configuration());
        }
        let rows = self.rows.iter().filter(|row| !before.rows.contains(row));
        let gone = before
            .rows
            .iter()
            .filter(|(path, _)| !self.rows.iter().any(|(other, _)| other == path));
        changed.extend(rows.chain(gone).map(|(path, _)| path.clone()));
        changed
    }
}

impl fmt::Debug for Texts {
    /// Names the files: a text may hold a password, as in a store's URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows.iter().map(|(path, _)| path)).finish()
    }
}

/// The text of `config.toml`; none is as good as an empty one.
pub(super) fn configuration_text(path: &Path) -> Result<String, Failure> {
    match plain_file::read_text(path, CONFIGURATION_MAX) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => {
            let place = path.display().to_string();
            let failure = Failure::new(Code::ConfigInvalid, format!("{place} cannot be read: {error}"));
            Err(failure.with_remedy(Remedy::EditFile { place }))
        }
    }
}

/// 1 MiB: a thousand times what one who writes by hand writes.
const CONFIGURATION_MAX: u64 = 1024 * 1024;
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_has_changed_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path());
        let before = Texts::read(&home).unwrap();
        fs::create_dir(home.providers()).unwrap();
        let [a, b] = ["a.toml", "b.toml"].map(|name| home.providers().join(name));
        fs::write(&a, "1").unwrap();
        fs::write(&b, "1").unwrap();
        fs::write(home.configuration(), "# mine").unwrap();
        let first = Texts::read(&home).unwrap();
        assert_eq!(
            first.changed(&before, &home),
            [home.configuration(), a.clone(), b.clone()]
        );
        fs::write(&a, "2").unwrap();
        fs::remove_file(&b).unwrap();
        let second = Texts::read(&home).unwrap();
        assert_eq!(second.changed(&first, &home), [a, b]);
        assert!(second.changed(&second, &home).is_empty());
        assert!(!format!("{second:?}").contains("mine"));
    }
}
