//! What an answer says in words: its sentences, and its codes with the words apart.

use std::ops::Range;

use super::few::Few;
use super::found::{Found, Role, Span};
use super::wording;

/// All sayings of one answer, a line each; made only for who reads sentences, because most answers are known by a code.
#[derive(Debug, Default)]
pub struct Said {
    text: String,
    spans: Few<Span, 16>,
}

impl Said {
    pub(super) fn of(found: &Found) -> Self {
        let mut said = Self {
            text: String::with_capacity(found.text.len() + found.codes.len()),
            ..Self::default()
        };
        for span in found.spans.iter() {
            said.text.push('\n');
            let start = said.text.len();
            match span.role {
                Role::Message | Role::Error => said.text.push_str(found.kept(span.start, span.end)),
                Role::Words => wording::push_apart(&mut said.text, found.code(span)),
                Role::Code | Role::Type => continue,
            }
            said.spans.push(Span::over(span.role, start..said.text.len()));
        }
        said
    }

    /// Each of them, in the order of the body.
    pub fn sayings(&self) -> impl Iterator<Item = &str> {
        self.places().map(|(_, saying)| saying)
    }

    /// Each of them, and where it begins in the text of all.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, &str)> {
        self.spans.iter().map(|span| {
            let part: Range<usize> = span.start as usize..span.end as usize;
            (part.start, self.text.get(part).unwrap_or_default())
        })
    }

    /// The text of all.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
