//! The tools whose stores can be read: where each keeps its file, and which lock it takes to write it.

use std::path::{Path, PathBuf};

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use serde_json::Value;

use super::found::Contents;
use super::{codex, grok, hermes};
use crate::settings::Environment;

/// A tool that keeps logins of its own.
///
/// ```
/// use evergrant_driver::Tool;
///
/// // What a person can choose from.
/// assert_eq!(Tool::ALL.map(Tool::as_str), ["hermes", "codex", "grok"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// Nous Research's agent.
    Hermes,
    /// OpenAI's Codex.
    Codex,
    /// xAI's own command line.
    Grok,
}

impl Tool {
    /// All of them, in the order of the manual.
    pub const ALL: [Self; 3] = [Self::Hermes, Self::Codex, Self::Grok];

    /// Its name, as it is typed.
    ///
    /// ```
    /// use evergrant_driver::Tool;
    ///
    /// assert_eq!(Tool::Codex.as_str(), Tool::Codex.to_string());
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hermes => "hermes",
            Self::Codex => "codex",
            Self::Grok => "grok",
        }
    }

    /// The tool of that name.
    ///
    /// ```
    /// use evergrant_driver::Tool;
    ///
    /// assert_eq!(Tool::named("codex"), Some(Tool::Codex));
    /// assert_eq!(Tool::named("Codex CLI"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == name)
    }

    /// The file that it keeps its logins in, by its own rules.
    pub(crate) fn usual_file(self, environment: &Environment) -> Result<PathBuf, Failure> {
        let (variable, folder) = match self {
            Self::Hermes => ("HERMES_HOME", ".hermes"),
            Self::Codex => ("CODEX_HOME", ".codex"),
            Self::Grok => ("GROK_HOME", ".grok"),
        };
        let user = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let home = environment.value(variable).map(PathBuf::from);
        let home = home.or_else(|| environment.value(user).map(|user| Path::new(user).join(folder)));
        home.map(|home| home.join(FILE)).ok_or_else(|| {
            let message = format!("{self} has no home: neither `{variable}` nor `{user}` is set");
            Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
                command: format!("evergrant import {self} --from PATH"),
                why: "say where its file is".to_owned(),
            })
        })
    }

    /// The file that it locks while it writes, beside the one it writes; this one locks nothing if there is none.
    pub(super) fn lock_file(self, file: &Path) -> Option<PathBuf> {
        match self {
            Self::Hermes => Some(file.with_extension("lock")),
            Self::Grok => {
                let mut name = file.file_name()?.to_owned();
                name.push(".lock");
                Some(file.with_file_name(name))
            }
            Self::Codex => None,
        }
    }

    /// Other files in which it may keep copies of the same token.
    pub(super) fn copies_of(self, file: &Path, environment: &Environment) -> Vec<PathBuf> {
        match self {
            Self::Hermes => hermes::copies_of(file, environment),
            Self::Codex | Self::Grok => Vec::new(),
        }
    }

    /// What the file holds; the error says why nothing can be read from it.
    pub(super) fn read(self, file: &Value) -> Result<Contents, String> {
        match self {
            Self::Hermes => hermes::read(file),
            Self::Codex => codex::read(file),
            Self::Grok => grok::read(file),
        }
    }

    /// Whether a file without these grants says nothing any more, so that the tool is better off without it.
    pub(super) fn is_bare(self, file: &Value) -> bool {
        match self {
            Self::Hermes => false,
            Self::Codex => codex::is_bare(file),
            Self::Grok => file.as_object().is_some_and(serde_json::Map::is_empty),
        }
    }
}

impl std::fmt::Display for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All three call it so.
const FILE: &str = "auth.json";
