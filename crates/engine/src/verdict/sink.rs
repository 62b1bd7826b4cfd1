//! The place where the readers of JSON, pages and forms put what they find.

use memchr::{memchr_iter, memchr2, memrchr};

use super::found::{Found, Hint, Marks, Role, Span, offset};
use super::json::{self, Listener};
use super::keys::Meaning;
use super::wording;

/// Collects the fields of one body, within limits.
pub(super) struct Sink<'f> {
    found: &'f mut Found,
    nesting: u8,
    /// How much of the text is in lower case already.
    lowered: usize,
}

impl<'f> Sink<'f> {
    /// One for a body of about that size.
    pub(super) fn into(found: &'f mut Found, size: usize) -> Self {
        found.text = String::with_capacity(size.min(TEXT_LIMIT));
        Self {
            found,
            nesting: 0,
            lowered: 0,
        }
    }

    /// Ends the reading: what was kept is lowered in one go.
    pub(super) fn finish(self) {
        self.found.text[self.lowered..].make_ascii_lowercase();
    }

    fn keep(&mut self, role: Role, text: &str, may_have_wide_spaces: bool) {
        let into = &mut self.found.text;
        // No word goes on from one field to the next.
        into.push('\n');
        let start = into.len();
        match role {
            Role::Message | Role::Error => wording::push_masked(into, text, may_have_wide_spaces),
            Role::Code | Role::Type | Role::Words => wording::push(into, text),
        }
        self.found.spans.push(Span::over(role, start..into.len()));
    }

    fn keep_words(&mut self, code: &str) {
        let into = &mut self.found.codes;
        if into.is_empty() {
            *into = String::with_capacity(CODES_LENGTH);
        }
        into.push('\n');
        let start = into.len();
        into.push_str(code);
        self.found.spans.push(Span::over(Role::Words, start..into.len()));
    }

    /// Microsoft Entra writes its numbers into the sentence as well, and libraries hand on nothing else:
    /// `AADSTS70002: Error validating credentials. AADSTS70008: The provided authorization code ... is expired.`
    fn codes_within(&mut self, sentence: &str) {
        // Hardly any other word has this letter as a capital.
        for at in memchr_iter(b'D', sentence.as_bytes()) {
            let (before, rest) = sentence.split_at(at);
            let Some(rest) = rest.strip_prefix("DSTS").filter(|_| before.ends_with("AA")) else {
                continue;
            };
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && self.found.spans.len() < FIELD_LIMIT {
                self.keep(Role::Code, &rest[..digits], false);
            }
        }
    }

    /// Reads JSON inside a text, as aggregators and libraries wrap it; gives back the words before it.
    fn nested<'t>(&mut self, text: &'t str) -> &'t str {
        if self.nesting >= NESTING_LIMIT {
            return text;
        }
        let Some(at) = wording::own_object(text, json::looks_like_object) else {
            return text;
        };
        let before = self.found.spans.len();
        self.nesting += 1;
        json::read(&text[at..], self);
        self.nesting -= 1;
        if self.found.spans.len() == before {
            text
        } else {
            text[..at].trim_end_matches(['[', ' ', '-', ':'])
        }
    }
}

impl Listener for Sink<'_> {
    fn marks(&mut self) -> &mut Marks {
        &mut self.found.marks
    }

    fn codes(&self) -> usize {
        self.found.spans.iter().filter(|span| span.role == Role::Code).count()
    }

    fn is_outermost(&self) -> bool {
        self.nesting == 0
    }

    fn inner_status(&mut self, status: u16) {
        if (400..600).contains(&status) && self.is_outermost() {
            self.found.inner_status.get_or_insert(status);
        }
    }

    fn text(&mut self, role: Role, text: &str) {
        let text = wording::trimmed(text);
        let kept = self.found.text.len() + self.found.codes.len();
        if text.is_empty() || self.found.spans.len() >= FIELD_LIMIT || kept >= TEXT_LIMIT {
            return;
        }
        let is_sentence = matches!(role, Role::Message | Role::Error);
        // One look tells of most sentences that there is neither an object in them nor a number of Microsoft's.
        let is_plain = is_sentence && memchr2(b'{', b'D', text.as_bytes()).is_none();
        let head = match role {
            Role::Message | Role::Error if is_plain => text,
            Role::Message | Role::Error => self.nested(text),
            Role::Code | Role::Words => text,
            // AWS puts a namespace before a type: `com.amazon#ExpiredTokenException`.
            Role::Type => memrchr(b'#', text.as_bytes()).map_or(text, |at| &text[at + 1..]),
        };
        if head.is_empty() {
            return;
        }
        // Most sentences have no such spaces; codes are too short to be worth the look.
        let may_have_wide_spaces = !is_sentence || wording::wide_space(head.as_bytes()).is_some();
        self.found.fragment.add(head, may_have_wide_spaces);
        self.keep(role, head, may_have_wide_spaces);
        // A sentence without a space is a code in the wrong place.
        let is_code = matches!(role, Role::Code | Role::Type) || !head.contains(char::is_whitespace);
        if is_code && wording::has_words(head) {
            self.keep_words(head);
        }
        if role == Role::Message && !is_plain {
            self.codes_within(head);
        }
    }

    fn hint(&mut self, name: &str, meaning: Meaning, value: &str) {
        let Some(unit) = meaning.hint else { return };
        if self.found.hints.len() >= HINT_LIMIT || name.len() > NAME_LENGTH || value.len() > HINT_LENGTH {
            return;
        }
        let text = &mut self.found.text;
        text.push('\n');
        let start = text.len();
        text.push_str(name);
        let middle = text.len();
        if !meaning.window {
            // It stays as the body writes it.
            text[self.lowered..start].make_ascii_lowercase();
            self.lowered = middle;
        }
        wording::push(text, wording::trimmed(value));
        self.found.hints.push(Hint {
            unit,
            is_window: meaning.window,
            bounds: [offset(start), offset(middle), offset(text.len())],
        });
    }
}

/// 256 bytes: the codes of most answers; few have more than four.
const CODES_LENGTH: usize = 256;
/// 64 fields: the largest envelope seen has eleven.
const FIELD_LIMIT: usize = 64;
/// 16 KiB of kept text: more is a page or an echo.
const TEXT_LIMIT: usize = 16 * 1024;
/// 32 hints: a limit's headers come in families of six, and a body may quote all of an answer's.
const HINT_LIMIT: usize = 32;
/// 96 bytes: the longest name of a limit's header has 50.
const NAME_LENGTH: usize = 96;
/// 64 bytes: the longest time that is written out has 35.
const HINT_LENGTH: usize = 64;
/// 3 bodies within each other: a library's around an aggregator's around a provider's.
const NESTING_LIMIT: u8 = 3;
