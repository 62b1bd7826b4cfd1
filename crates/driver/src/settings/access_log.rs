//! Whether and where the gateway keeps a line for each request.

use std::path::PathBuf;
use std::str::FromStr;

use evergrant_engine::failure::Failure;

use super::place::Source;
use super::written::WrittenServe;

/// The log of requests.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[serve]\naccess_log = \"json\"\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// assert!(settings.access_log.is_some_and(|log| log.file.is_none()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    /// How a line looks.
    pub form: LogForm,
    /// The file it is appended to; `None` is stdout.
    pub file: Option<PathBuf>,
}

/// How a line of a log looks.
///
/// ```
/// use evergrant_driver::settings::{LogForm, Settings};
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[serve]\naccess_log = \"text\"\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// assert_eq!(settings.access_log.map(|log| log.form), Some(LogForm::Text));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// One JSON document a line.
    Json,
    /// `key=value`, for people.
    Text,
}

impl AccessLog {
    /// `serve.access_log` and `serve.access_log_file`; a relative file stands in the home.
    pub(super) fn read(written: &WrittenServe, source: Source<'_>) -> Result<Option<Self>, Failure> {
        let Some(form) = &written.access_log else {
            return match &written.access_log_file {
                None => Ok(None),
                Some(file) => {
                    let why = "needs `access_log`: \"json\" or \"text\"";
                    Err(source.failure(&file.span(), "serve.access_log_file", why))
                }
            };
        };
        let failed = |why: String| source.failure(&form.span(), "serve.access_log", &why);
        let file = written.access_log_file.as_ref().map(|file| {
            let home = source.path.parent().unwrap_or(source.path);
            home.join(file.get_ref())
        });
        Ok(Some(Self {
            form: form.get_ref().parse().map_err(failed)?,
            file,
        }))
    }
}

impl FromStr for LogForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("is not `json` or `text`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> Result<Option<AccessLog>, Failure> {
        let path = Path::new("/home/config.toml");
        AccessLog::read(&toml::from_str(text).unwrap(), Source { path, text })
    }

    #[test]
    fn a_log_has_a_form_and_a_place() {
        assert_eq!(read("").unwrap(), None);
        let log = read("access_log = \"json\"").unwrap().unwrap();
        assert_eq!((log.form, log.file), (LogForm::Json, None));
        let log = read("access_log = \"text\"\naccess_log_file = \"log/access.log\"")
            .unwrap()
            .unwrap();
        assert_eq!(
            (log.form, log.file),
            (LogForm::Text, Some("/home/log/access.log".into()))
        );
        assert!(read("access_log = \"xml\"").is_err());
        assert!(read("access_log_file = \"a\"").is_err());
    }
}
