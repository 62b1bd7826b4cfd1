//! What a sentence names without saying anything by it: models, tools, projects, and the paths of routes.

use super::stride::{self, Lanes, is, is_no_ascii_from, is_within, small};

/// Blanks the names of models, tools and projects, and the paths of routes, in a text of any letter case.
pub(super) fn blank_names(into: &mut String, start: usize) {
    let mut found = [(0, 0, ""); NAMES];
    let (mut count, mut at) = (0, start);
    while let Some(mark) = next_mark(&into.as_bytes()[at..])
        && count < NAMES
    {
        let begun = into[start..at + mark]
            .rfind(' ')
            .map_or(start, |space| start + space + 1);
        let end = into[at + mark..]
            .find(' ')
            .map_or(into.len(), |space| at + mark + space);
        let last = into[start..begun].strip_suffix(' ').unwrap_or_default();
        let last = last.rfind(' ').map_or(last, |space| &last[space + 1..]);
        if let Some((skipped, length, stand_in)) = named(&into[begun..end], last, &into[end..]) {
            found[count] = (begun + skipped, begun + skipped + length, stand_in);
            count += 1;
        }
        at = end;
    }
    for (start, end, stand_in) in found[..count].iter().rev() {
        into.replace_range(*start..*end, stand_in);
    }
}

/// Where the next byte is that only names and paths have, and numbers.
fn next_mark(text: &[u8]) -> Option<usize> {
    stride::find(text, may_be_mark, |at| match text[at] {
        // A full stop ends a sentence.
        b'.' => text.get(at + 1).is_some_and(|next| *next != b' '),
        byte => matches!(byte, b'-' | b'/' | b'_') || byte.is_ascii_digit(),
    })
}

/// One of `-./_`, a digit, or one of `:;<=>?`, which follow the digits.
#[inline(always)]
fn may_be_mark(bytes: Lanes) -> Lanes {
    is_within(bytes, b'-', b'?') | is(bytes, b'_')
}

/// Where in a word stands what is no word of the provider's own, how long it is, and what stands for it: the path of a route,
/// or a name after what it is the name of.
fn named(word: &str, last: &str, after: &str) -> Option<(usize, usize, &'static str)> {
    let bare = word.trim_start_matches(['(', '[']);
    let skipped = word.len() - bare.len();
    if bare.starts_with('/') {
        let length = end_of_word(bare);
        return (length > 1).then_some((skipped, length, "url"));
    }
    let last = last.trim_end_matches(':');
    let is_last = |word: &str| last.eq_ignore_ascii_case(word);
    let goes_on = |with: &str| {
        after
            .get(..with.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(with))
    };
    if !(NAMED.into_iter().any(is_last) || (is_last("for") && goes_on(" in "))) {
        return None;
    }
    let name = bare[..end_of_word(bare)].trim_end_matches(['.', ':', '!', '?']);
    let is_name = name.contains(|c: char| matches!(c, '-' | '_' | '/' | '.') || c.is_ascii_digit());
    is_name.then_some((skipped, name.len(), "'_'"))
}

/// Where the word ends that is at the beginning of the text.
pub(super) fn end_of_word(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let is_plain_end = |byte: u8| byte == b' ' || ENDS.as_bytes().contains(&byte);
    let is_meant = |at: usize| !matches!(bytes[at], b'!' | b'(' | b'*' | b'+' | b'=');
    match stride::find(bytes, may_end, is_meant) {
        None => rest.len(),
        Some(open) if is_plain_end(bytes[open]) => open,
        Some(open) => {
            let is_end = |c: char| c.is_whitespace() || ENDS.contains(c);
            rest[open..].find(is_end).map_or(rest.len(), |end| open + end)
        }
    }
}

/// White space, a byte of another letter than ASCII's, one of the ends below, or one of `!(*+=`, which stand between them.
#[inline(always)]
fn may_end(bytes: Lanes) -> Lanes {
    let is_bracket = is(small(bytes), b'}') | is_within(bytes, b';', b'>');
    is_no_ascii_from(bytes, b'"' + 1) | is_within(bytes, b'\'', b',') | is(bytes, b'`') | is_bracket
}

/// What ends a word beside white space.
const ENDS: &str = "\"'`<>),;]}";

/// What is named behind these words.
const NAMED: [&str; 7] = [
    "model",
    "models",
    "deployment",
    "project",
    "tool",
    "function",
    "property",
];
/// 8 names: a sentence that lists more of them has said what it means before.
const NAMES: usize = 8;
