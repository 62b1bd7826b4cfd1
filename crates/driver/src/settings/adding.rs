//! Puts a row of the user's into `providers.d`: read and judged first, then written as a whole, for its owner alone.

use std::path::{Path, PathBuf};

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Origin, RowFile, Table};
use evergrant_engine::remedy::{Remedy, shell_word};

use super::loading::Settings;
use super::rows;
use crate::fault::StoreFault;
use crate::private_file;

/// A row that has been put into `providers.d`.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// let settings = Settings::load(Some(folder.path().join("home")), [])?;
/// let row = "id = \"acme\"\nname = \"Acme\"\nbase_url = \"https://api.acme.example/v1\"\nhosts = [\"acme.example\"]\nauth = \"api-key\"\n";
/// let added = settings.add_row("acme.toml", row, false)?;
/// assert_eq!(added.provider.as_str(), "acme");
/// assert!(added.file.exists() && !added.replaced && !added.over_built_in);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedRow {
    /// Its provider.
    pub provider: ProviderId,
    /// The file.
    pub file: PathBuf,
    /// Whether a file of this provider was there before.
    pub replaced: bool,
    /// Whether it takes the place of a built-in row.
    pub over_built_in: bool,
}

impl Settings {
    /// Puts a row, or signals for one, into `providers.d`, under the name of its id unless a file has that id already; that
    /// one is only replaced if `replace` says so. `source` is what a mistake is told of: the file that the text is from.
    ///
    /// # Errors
    /// A row that cannot be used: file, line and key; a file that is there; a home that cannot be written.
    ///
    /// ```
    /// use evergrant_driver::settings::Settings;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let settings = Settings::load(Some(folder.path().join("home")), [])?;
    /// let row = "id = \"acme\"\nname = \"Acme\"\nbase_url = \"https://api.acme.example/v1\"\nhosts = [\"acme.example\"]\nauth = \"api-key\"\n";
    /// settings.add_row("acme.toml", row, false)?;
    /// // What cannot be used is not written: the mistake names the line.
    /// assert!(settings.add_row("other.toml", "id = \"other\"\nnmae = \"Other\"\n", false).is_err());
    /// assert!(!settings.home.providers().join("other.toml").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_row(&self, source: &str, text: &str, replace: bool) -> Result<AddedRow, Failure> {
        let file = RowFile::parse(source, text, Origin::File(source.to_owned()))?;
        let (id, is_row) = match &file {
            RowFile::Row(row) => (row.id.clone(), true),
            RowFile::Signals { id, .. } => (id.clone(), false),
        };
        Table::clone(&self.table).with([file])?;
        let path = self.file_for(&id, is_row);
        let replaced = path.exists();
        if replaced && !replace && rows::text(&path).ok().as_deref() != Some(text) {
            let message = format!("there is a file for `{id}` already: {}", path.display());
            let aside = Remedy::Run {
                command: format!("evergrant providers add --replace {}", shell_word(source)),
                why: "look at it, and replace it if it may go".to_owned(),
            };
            return Err(Failure::new(Code::Usage, message).with_remedy(aside));
        }
        self.home.create()?;
        let directory = self.home.providers();
        private_file::create_directory(&directory)
            .map_err(|error| StoreFault::from_io(&directory, "making it", &error))?;
        private_file::replace(&path, text.as_bytes())?;
        let known = self.table.row(&id);
        Ok(AddedRow {
            over_built_in: is_row && known.is_some_and(|row| row.origin == Origin::BuiltIn),
            provider: id,
            file: path,
            replaced,
        })
    }

    /// The file that a provider's row belongs into: the one that has it, else one of its name that is free or at fault.
    fn file_for(&self, id: &ProviderId, is_row: bool) -> PathBuf {
        let own = self.table.row(id).and_then(|row| match &row.origin {
            Origin::File(file) => Some(PathBuf::from(file)),
            Origin::BuiltIn => None,
        });
        if let (true, Some(own)) = (is_row, &own) {
            return own.clone();
        }
        let directory = self.home.providers();
        let names = [
            format!("{id}.toml"),
            format!("{id}-signals.toml"),
            format!("{id}-row.toml"),
        ];
        let mut places = names.iter().map(|name| directory.join(name));
        let fits = |path: &PathBuf| own.as_ref() != Some(path) && (!path.exists() || is_of(path, id, is_row));
        places
            .find(fits)
            .unwrap_or_else(|| directory.join(format!("{id}-more.toml")))
    }
}

/// Whether that file is about this provider, or about none that could be made out.
fn is_of(path: &Path, id: &ProviderId, is_row: bool) -> bool {
    let name = path.display().to_string();
    let text = rows::text(path).unwrap_or_default();
    match RowFile::parse(&name, &text, Origin::File(name.clone())) {
        Ok(RowFile::Row(row)) => is_row && row.id == *id,
        Ok(RowFile::Signals { id: other, .. }) => !is_row && other == *id,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const ROW: &str = "id = \"acme\"\nbase_url = \"https://api.acme.example/v1\"\nauth = \"api-key\"\n";
    const SIGNALS: &str = "id = \"acme\"\n[[signal]]\nname = \"s\"\nequals = \"x\"\nverdict = \"timeout\"\n";

    fn settings(home: &Path) -> Settings {
        Settings::load_past(Some(home.to_owned()), []).unwrap().settings
    }

    #[test]
    fn a_row_is_kept_for_its_owner_alone_and_replaced_only_when_that_is_meant() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        let added = settings(&home).add_row("acme.toml", ROW, false).unwrap();
        let expected = home.join("providers.d/acme.toml");
        assert_eq!((&added.file, added.replaced), (&expected, false));
        assert_eq!(fs::read_to_string(&expected).unwrap(), ROW);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(
                (mode(&home), mode(&home.join("providers.d")), mode(&expected)),
                (0o700, 0o700, 0o600)
            );
        }
        let other = ROW.replace("api.acme", "new.acme");
        let refused = settings(&home).add_row("my file", &other, false).unwrap_err();
        let command = refused.remedy.unwrap().command().unwrap();
        assert_eq!(command, "evergrant providers add --replace 'my file'");
        assert!(
            settings(&home).add_row("acme.toml", ROW, false).unwrap().replaced,
            "the same is no conflict"
        );
        assert!(settings(&home).add_row("x", &other, true).unwrap().replaced);
        assert_eq!(fs::read_to_string(&expected).unwrap(), other);
        let signals = settings(&home).add_row("x", SIGNALS, false).unwrap();
        assert_eq!(signals.file, home.join("providers.d/acme-signals.toml"));
        assert!(settings(&home).table.row(&"acme".into()).is_some());
    }

    #[test]
    fn what_is_no_row_leaves_nothing_and_what_was_left_empty_is_filled() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        let refused = settings(&home)
            .add_row("-", &format!("{ROW}colour = 3\n"), false)
            .unwrap_err();
        assert!(refused.message.starts_with("-:4: `colour`"), "{}", refused.message);
        assert!(!home.exists());
        fs::create_dir_all(home.join("providers.d")).unwrap();
        fs::set_permissions(&home, private()).unwrap();
        fs::write(home.join("providers.d/acme.toml"), "").unwrap();
        let added = settings(&home).add_row("-", ROW, true).unwrap();
        assert_eq!(added.file, home.join("providers.d/acme.toml"));
        assert!(Settings::load(Some(home), []).is_ok());
    }

    #[cfg(unix)]
    fn private() -> fs::Permissions {
        std::os::unix::fs::PermissionsExt::from_mode(0o700)
    }
}
