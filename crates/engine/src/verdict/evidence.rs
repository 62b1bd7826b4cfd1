//! Evidence: what one answer says, read once, in one shape whatever the provider's envelope is.

use std::ops::Range;

use http::HeaderMap;

use super::body;
use super::found::{Found, Role, Shape, Span};
use super::header_names::HeaderNames;
use super::said::Said;
use crate::vocabulary::Channel;

/// Status, headers and the error fields of one answer.
///
/// Texts of error fields are kept in lower case with quoted spans and URLs blanked, so that a prompt, a tool's name or a
/// model's name that a provider echoes is never taken for its own words. Everything else in the body is not kept.
#[derive(Clone, Debug)]
pub struct Evidence<'h> {
    status: u16,
    headers: &'h HeaderMap,
    pub(super) names: HeaderNames<'h>,
    pub(super) found: Found,
}

impl<'h> Evidence<'h> {
    /// Reads an answer; of the body the first [`BODY_LIMIT`] bytes and no more, however long it is.
    pub fn read(status: u16, headers: &'h HeaderMap, body: &[u8]) -> Self {
        let head = body.get(..BODY_LIMIT).unwrap_or(body);
        let mut evidence = Self {
            status,
            headers,
            names: HeaderNames::new(headers),
            found: Found::new(),
        };
        evidence.names.look();
        body::read(headers, head, &mut evidence.found);
        evidence
    }

    /// The status of the answer itself.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The status that an error inside a 2xx names, such as the `status` of a stream's error frame.
    pub const fn inner_status(&self) -> Option<u16> {
        self.found.inner_status
    }

    /// The answer's headers.
    pub const fn headers(&self) -> &'h HeaderMap {
        self.headers
    }

    /// What kind of body it is.
    pub const fn shape(&self) -> Shape {
        self.found.shape
    }

    /// At most 200 characters of the error fields, with whatever looks like a secret left out.
    pub fn fragment(&self) -> &str {
        self.found.fragment.as_str()
    }

    /// The error fields, each with its role, in the order of the body.
    pub fn fields(&self) -> impl Iterator<Item = (Role, &str)> {
        self.fields_of(|_| true)
    }

    /// Those of the roles that are asked for.
    pub(super) fn fields_of(&self, is_asked_for: impl Fn(Role) -> bool) -> impl Iterator<Item = (Role, &str)> {
        let is_meant = move |span: &&Span| span.role != Role::Words && is_asked_for(span.role);
        let fields = self.found.spans.iter().filter(is_meant);
        fields.map(|span| (span.role, self.found.kept(span.start, span.end)))
    }

    /// What the error fields say in words: their sentences, and their codes with the words apart.
    pub fn said(&self) -> Said {
        Said::of(&self.found)
    }

    /// Where in what is kept the sentences stand.
    pub(super) fn sentences(&self) -> impl Iterator<Item = Range<usize>> {
        let is_sentence = |span: &&Span| matches!(span.role, Role::Message | Role::Error);
        let spans = self.found.spans.iter().filter(is_sentence);
        spans.map(|span| span.start as usize..span.end as usize)
    }

    /// All that is kept of the body: the error fields, and other texts between them.
    pub(super) fn kept(&self) -> &str {
        &self.found.text
    }

    /// The error field in which a part of what is kept stands.
    pub(super) fn field_around(&self, part: &Range<usize>) -> Option<Span> {
        let mut fields = self.found.spans.iter().filter(|span| span.role != Role::Words);
        fields.find(|span| span.holds(part)).copied()
    }

    /// Whether it is a stream that was begun, so that its events tell what it means.
    pub fn is_told_by_events(&self, channel: Channel) -> bool {
        channel == Channel::Stream && self.is_2xx() && matches!(self.shape(), Shape::Events | Shape::Empty)
    }

    /// Whether the status is one of success.
    pub(super) const fn is_2xx(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// 64 KiB: an error says what it is in its first bytes; the rest is echo.
pub const BODY_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_goes_on_in_the_name_of_a_hint() {
        let body = br#"{"error":"Too many requests","retry_after_ms":2000}"#;
        let headers = HeaderMap::new();
        let evidence = Evidence::read(429, &headers, body);
        assert_eq!(evidence.kept(), "\ntoo many requests\nretry_after_ms2000");
    }
}
