//! What is wrong with a row: the file, the line, the key, and what to write instead.

use std::fmt;
use std::ops::Range;

use crate::failure::{Code, Failure};
use crate::remedy::Remedy;

/// A row that cannot be used, and where to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The file as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The key, with its table, such as `oauth.redirect`.
    pub key: String,
    /// What is wrong, without a full stop.
    pub message: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: `{}`: {}", self.file, self.line, self.key, self.message)
    }
}

impl std::error::Error for RowError {}

impl From<RowError> for Failure {
    fn from(error: RowError) -> Self {
        let place = format!("{}:{}", error.file, error.line);
        let code = match error.key.as_str() {
            "oauth.redirect" => Code::RedirectInvalid,
            _ => Code::RowInvalid,
        };
        Self::new(code, error.to_string()).with_remedy(Remedy::EditFile { place })
    }
}

/// A file that is being read, so that every error can name its place.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The error of that key at that place.
    pub(super) fn error(&self, span: Range<usize>, key: impl Into<String>, message: impl Into<String>) -> RowError {
        RowError {
            file: self.file.to_owned(),
            line: self.line_at(span.start),
            key: key.into(),
            message: message.into(),
        }
    }

    /// The error of the TOML reader: a mistake of syntax, an unknown key, a value of the wrong type.
    pub(super) fn toml_error(&self, error: &toml::de::Error) -> RowError {
        let start = error.span().map_or(0, |span| span.start);
        let message = error.message().to_owned();
        let named = ["unknown field `", "missing field `", "duplicate key `"]
            .iter()
            .find_map(|lead| message.strip_prefix(lead)?.split('`').next());
        let key = named.map_or_else(|| self.key_at(start), str::to_owned);
        self.error(start..start, key, message.replace('\n', " "))
    }

    /// The line of that byte, counted from 1.
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        let head = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        u32::try_from(head.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
    }

    /// The line of the `[[signal]]` whose `name` stands at that byte.
    pub(super) fn signal_line(&self, offset: usize) -> u32 {
        let head = self.text.get(..offset).unwrap_or(self.text);
        head.rfind("[[signal]]")
            .map_or_else(|| self.line_at(offset), |at| self.line_at(at))
    }

    fn key_at(&self, offset: usize) -> String {
        let head = self.text.get(..offset).unwrap_or(self.text);
        let start = head.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default();
        key.trim().trim_matches(['[', ']', '"']).to_owned()
    }
}
