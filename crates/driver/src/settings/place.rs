//! Where in a file of configuration something is wrong.

use std::ops::Range;
use std::path::Path;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;

/// A file that is being read, so that every error can name its place.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The failure of that key at that place.
    pub(super) fn failure(&self, span: &Range<usize>, key: &str, message: &str) -> Failure {
        let place = format!("{}:{}", self.path.display(), self.line_at(span.start));
        Failure::new(Code::ConfigInvalid, format!("{place}: `{key}`: {message}"))
            .with_remedy(Remedy::EditFile { place })
    }

    /// The failure of the TOML reader: a mistake of syntax, an unknown key, a value of the wrong type.
    pub(super) fn toml_failure(&self, error: &toml::de::Error) -> Failure {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().replace('\n', " ");
        let named = ["unknown field `", "missing field `", "duplicate key `"]
            .iter()
            .find_map(|lead| message.strip_prefix(lead)?.split('`').next());
        let key = match named {
            Some(named) if self.is_in_braces(span.start) => format!("{}.{named}", self.key_at(span.start)),
            Some(named) => named.to_owned(),
            None => self.key_at(span.start),
        };
        let key = match (self.table_at(span.start), key) {
            (Some(table), key) if !key.is_empty() && key != table => format!("{table}.{key}"),
            (Some(table), _) => table,
            (None, key) => key,
        };
        self.failure(&span, &key, &message)
    }

    fn line_at(&self, offset: usize) -> usize {
        let head = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        head.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// What stands before the equals sign on that line.
    fn key_at(&self, offset: usize) -> String {
        let head = self.text.get(..offset).unwrap_or(self.text);
        let start = head.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default();
        key.trim().trim_matches(['[', ']', '"']).to_owned()
    }

    /// Whether a table has been opened with a brace on that line and not been closed.
    fn is_in_braces(&self, offset: usize) -> bool {
        let head = self.text.get(..offset).unwrap_or(self.text);
        let line = head.rsplit('\n').next().unwrap_or_default();
        line.matches('{').count() > line.matches('}').count()
    }

    /// The last table header before that place.
    fn table_at(&self, offset: usize) -> Option<String> {
        let head = self.text.get(..offset).unwrap_or(self.text);
        let header = head
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| line.starts_with('[') && line.contains(']'))?;
        let name = header.trim_start_matches('[').split(']').next()?;
        Some(name.trim().to_owned())
    }
}
