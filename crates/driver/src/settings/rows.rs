//! The user's provider rows: the files of `providers.d`, in the order of their names.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Origin, RowFile, Table};
use evergrant_engine::remedy::Remedy;

use crate::plain_file;

/// The built-in rows with the user's over them; each file comes as its path and text.
pub(super) fn table(texts: &[(PathBuf, String)]) -> Result<Table, Failure> {
    let mut files = Vec::new();
    let mut homes = BTreeMap::new();
    for (path, text) in texts {
        let name = path.display().to_string();
        let file = RowFile::parse(&name, text, Origin::File(name.clone()))?;
        if let RowFile::Row(row) = &file
            && let Some(other) = homes.insert(row.id.clone(), name.clone())
        {
            return Err(twice(&name, text, &other, &row.id));
        }
        files.push(file);
    }
    Ok(Table::built_in().with(files)?)
}

/// Two files with whole rows of one id: whichever won, the other's address would be ignored in silence.
pub(super) fn twice(name: &str, text: &str, other: &str, id: &ProviderId) -> Failure {
    let above = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with("id"))
        .count();
    let place = format!("{name}:{}", above + 1);
    Failure::new(
        Code::RowInvalid,
        format!("{place}: `id`: `{id}` has its row in {other} already"),
    )
    .with_remedy(Remedy::EditFile { place })
}

/// The text of one file.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    plain_file::read_text(path, ROW_MAX).map_err(|error| unreadable(path, &error))
}

/// The files that are read, by their names.
pub(super) fn paths(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(directory, &error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(directory, &error))?.path();
        // Editors leave hidden files and copies with other endings behind.
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::RowInvalid, format!("{} cannot be read: {error}", path.display())).with_remedy(
        Remedy::EditFile {
            place: path.display().to_string(),
        },
    )
}

/// 1 MiB: the longest built-in row has a hundredth of it.
const ROW_MAX: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use crate::settings::texts::Texts;

    fn table(home: &Path) -> Result<Table, Failure> {
        super::table(&Texts::read(&Home::at(home))?.rows)
    }

    /// A home's directory of rows.
    fn rows(home: &Path) -> PathBuf {
        let directory = home.join("providers.d");
        fs::create_dir(&directory).unwrap();
        directory
    }

    const ROW: &str = "base_url = \"https://api.acme.example/v1\"\nauth = \"api-key\"\nkey_env = [\"ACME_KEY\"]\n";

    #[test]
    fn files_are_read_in_the_order_of_their_names_and_no_others() {
        let directory = tempfile::tempdir().unwrap();
        let rows = rows(directory.path());
        for name in ["b.toml", "a.toml"] {
            fs::write(rows.join(name), format!("id = \"{name}\"\n{ROW}")).unwrap();
        }
        for name in [".hidden.toml", "a.toml~", "README"] {
            fs::write(rows.join(name), "not TOML at all").unwrap();
        }
        let table = table(directory.path()).unwrap();
        let own: Vec<_> = table
            .rows()
            .map(|row| row.id.as_str())
            .filter(|id| id.ends_with(".toml"))
            .collect();
        assert_eq!(own, ["a.toml", "b.toml"]);
        assert!(table.rows().count() > 2, "the built-in ones are there too");
    }

    #[test]
    fn a_second_row_of_one_id_is_told_with_both_files() {
        let directory = tempfile::tempdir().unwrap();
        let rows = rows(directory.path());
        for name in ["a.toml", "b.toml"] {
            fs::write(rows.join(name), format!("# mine\nid = \"acme\"\n{ROW}")).unwrap();
        }
        let failure = table(directory.path()).unwrap_err();
        assert_eq!(failure.code, Code::RowInvalid);
        let [first, second] = ["a.toml", "b.toml"].map(|name| rows.join(name).display().to_string());
        assert_eq!(
            failure.message,
            format!("{second}:2: `id`: `acme` has its row in {first} already")
        );
    }

    #[test]
    fn a_bad_row_is_told_with_file_line_and_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = rows(directory.path()).join("acme.toml");
        fs::write(&path, format!("id = \"acme\"\n{ROW}colour = 3\n")).unwrap();
        let failure = table(directory.path()).unwrap_err();
        assert_eq!(failure.code, Code::RowInvalid);
        let place = format!("{}:5: `colour`", path.display());
        assert!(failure.message.starts_with(&place), "{}", failure.message);
    }

    #[test]
    fn no_directory_means_no_rows_of_ones_own() {
        let directory = tempfile::tempdir().unwrap();
        let rows = table(directory.path()).unwrap().rows().count();
        assert_eq!(rows, Table::built_in().rows().count());
    }
}
