//! Cuts text into rows of a screen; nothing of it is left out but the line ends.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::Span;

/// Appends the rows of the text from there on, which is its beginning or that of a row.
pub(super) fn wrap(text: &str, from: usize, width: usize, rows: &mut Vec<Range<usize>>) {
    let width = width.max(1);
    let mut start = from;
    for line in text[from..].split('\n') {
        wrap_line(line, start, (width, width), rows);
        start += line.len() + 1;
    }
}

/// The rows of a text in columns: what does not fit goes on below the last column that its line begins.
pub(super) fn wrap_hanging(text: &str, width: usize, rows: &mut Vec<Range<usize>>) {
    let width = width.max(1);
    let mut start = 0;
    for line in text.split('\n') {
        wrap_line(line, start, (width, width - hang(line, width)), rows);
        start += line.len() + 1;
    }
}

/// How many cells the rows after a line's first one stand in.
pub(super) fn hang(line: &str, width: usize) -> usize {
    let gap = line
        .trim_start()
        .find("  ")
        .map(|at| at + line.len() - line.trim_start().len());
    let column = gap.map(|at| at + line[at..].len() - line[at..].trim_start().len());
    match column.map(|at| cells_of(&line[..at])) {
        Some(cells) if cells * 2 <= width => cells,
        // A column that would leave next to nothing is as good as none.
        Some(_) if width > NARROW => 2,
        Some(_) | None => 0,
    }
}

fn wrap_line(line: &str, offset: usize, (first, later): (usize, usize), rows: &mut Vec<Range<usize>>) {
    let (mut start, mut column, mut break_at) = (0, 0, None);
    let mut at = 0;
    for (symbol, cells) in symbols(line) {
        if symbol == " " {
            // Blanks hang over the edge, so that no row begins with the one that it was broken at.
            column += 1;
            at += 1;
            break_at = Some(at);
            continue;
        }
        let width = if start == 0 { first } else { later };
        if column + cells > width && at > start {
            let cut = break_at.filter(|place| *place > start).unwrap_or(at);
            rows.push(offset + start..offset + cut);
            start = cut;
            column = cells_of(&line[cut..at]);
            break_at = None;
        }
        column += cells;
        at += symbol.len();
    }
    rows.push(offset + start..offset + line.len());
}

/// What a screen shows in a cell or two each, and in how many; control characters are not among them.
pub(super) fn symbols(line: &str) -> impl Iterator<Item = (&str, usize)> {
    // Most text, and far quicker than asking for the graphemes of it.
    let plain = line.is_ascii() && !line.bytes().any(|byte| byte.is_ascii_control());
    let quick = (0..if plain { line.len() } else { 0 }).map(move |at| (&line[at..=at], 1));
    let slow = if plain { "" } else { line };
    quick.chain(slow_symbols(slow))
}

fn slow_symbols(line: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        // There should be none, and it takes no cell; but the rest must be told from it.
        if let Some(control) = rest.chars().next().filter(|c| c.is_control()) {
            let (symbol, after) = rest.split_at(control.len_utf8());
            rest = after;
            return Some((symbol, 0));
        }
        let mut first = Span::raw(rest);
        // A grapheme is never longer than this, but for those that are made to be.
        let head_end = (0..=rest.len().min(GRAPHEME))
            .rev()
            .find(|at| rest.is_char_boundary(*at))?;
        first.content = std::borrow::Cow::Borrowed(&rest[..head_end]);
        let length = first
            .styled_graphemes(Style::default())
            .next()
            .map(|found| found.symbol.len());
        let length = length.or_else(|| rest.chars().next().map(char::len_utf8))?;
        let (symbol, after) = rest.split_at(length);
        rest = after;
        Some((symbol, Span::raw(symbol).width()))
    })
}

/// How many cells a text takes.
pub(super) fn cells_of(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        Span::raw(text).width()
    }
}

/// 8 cells: below that every one of them is needed.
const NARROW: usize = 8;

/// 256 bytes.
const GRAPHEME: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, width: usize) -> Vec<&str> {
        let mut rows = Vec::new();
        wrap(text, 0, width, &mut rows);
        rows.into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn text_is_broken_at_blanks_where_there_are_any() {
        assert_eq!(rows("one two three", 8), ["one two ", "three"]);
        assert_eq!(rows("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(rows("a\n\nb\n", 3), ["a", "", "b", ""]);
        assert_eq!(rows("ab   cd", 3), ["ab   ", "cd"]);
        assert_eq!(rows("", 3), [""]);
        assert_eq!(rows("日本語日本語", 5), ["日本", "語日", "本語"]);
        assert_eq!(rows("日本", 1), ["日", "本"]);
        assert_eq!(rows("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(rows("a 👩‍👩‍👧 b", 4), ["a 👩‍👩‍👧 ", "b"]);
    }

    #[test]
    fn a_text_that_grows_is_cut_as_if_it_had_come_at_once() {
        let text = "the quick brown fox 日本語 jumps\nover thelazydogwithoutablank and on\n\nend";
        for width in 1..20 {
            let mut whole = Vec::new();
            wrap(text, 0, width, &mut whole);
            for (at, _) in text.char_indices() {
                let mut grown = Vec::new();
                wrap(&text[..at], 0, width, &mut grown);
                let last = grown.pop().unwrap();
                wrap(text, last.start, width, &mut grown);
                assert_eq!(grown, whole, "width {width}, cut at {at}");
            }
        }
    }
}
