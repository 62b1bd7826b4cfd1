//! Foreign text without anything that could steer a terminal: no control characters, no escape sequences, no reordering.

use evergrant_engine::protection::{Protection, stands};

/// Takes text in pieces and gives it back plain; a sequence may be cut anywhere between two pieces.
///
/// ```
/// use evergrant_driver::plain_text::PlainText;
///
/// // A model's answer as it streams: what would clear the screen is cut in two, and gone all the same.
/// let mut text = PlainText::default();
/// let shown = ["Hello \u{1b}[", "2Jworld"].map(|piece| text.push(piece));
/// assert_eq!(shown.concat() + &text.end(), "Hello world");
/// ```
#[derive(Clone, Debug, Default)]
pub struct PlainText {
    state: State,
    /// What a sequence that has not ended yet consists of: given back as text if it turns out to be none.
    held: String,
    after_return: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// Within a control sequence: ESC `[` and what follows.
    Control,
    /// Within a control string: ESC and one of `]PX^_`.
    String,
    /// After ESC within a control string.
    StringEscape,
}

impl PlainText {
    /// The plain part of the text so far that has not been given yet.
    ///
    /// ```
    /// use evergrant_driver::plain_text::PlainText;
    ///
    /// let mut text = PlainText::default();
    /// assert_eq!(text.push("red: \u{1b}[31"), "red: ");
    /// assert_eq!(text.push("mstop"), "stop");
    /// ```
    pub fn push(&mut self, text: &str) -> String {
        if !stands(Protection::PlainText) {
            return text.to_owned();
        }
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            self.take(c, &mut plain);
        }
        plain
    }

    /// What was held back and is no sequence, because nothing follows.
    ///
    /// ```
    /// use evergrant_driver::plain_text::PlainText;
    ///
    /// let mut text = PlainText::default();
    /// text.push("the end\u{1b}");
    /// // An escape that begins nothing is not shown either.
    /// assert!(text.end().is_empty());
    /// ```
    pub fn end(&mut self) -> String {
        self.state = State::Text;
        self.released()
    }

    fn take(&mut self, c: char, plain: &mut String) {
        match self.state {
            State::Text => self.text(c, plain),
            State::Escape => match c {
                '[' => self.begin(State::Control, c),
                ']' | 'P' | 'X' | '^' | '_' => self.begin(State::String, c),
                // Two-character sequences, some with intermediates before the last.
                ' '..='/' => {}
                '0'..='~' => self.state = State::Text,
                other => {
                    self.state = State::Text;
                    self.text(other, plain);
                }
            },
            State::Control => match c {
                '@'..='~' => self.drop_held(),
                ' '..='?' if self.held.len() < SEQUENCE => self.held.push(c),
                other => self.give_back(other, plain),
            },
            State::String => match c {
                BELL | STRING_TERMINATOR => self.drop_held(),
                ESCAPE => self.state = State::StringEscape,
                '\n' => self.give_back(c, plain),
                _ if self.held.len() >= SEQUENCE => self.give_back(c, plain),
                other => self.held.push(other),
            },
            State::StringEscape if c == '\\' => self.drop_held(),
            State::StringEscape => {
                plain.push_str(&self.released());
                self.state = State::Escape;
                self.take(c, plain);
            }
        }
    }

    fn text(&mut self, c: char, plain: &mut String) {
        let after_return = std::mem::take(&mut self.after_return);
        match c {
            ESCAPE => self.state = State::Escape,
            CONTROL_SEQUENCE => self.begin(State::Control, '['),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => self.begin(State::String, ']'),
            '\n' if after_return => {}
            '\r' => {
                self.after_return = true;
                plain.push('\n');
            }
            '\n' | '\t' => plain.push(c),
            '\u{2028}' | '\u{2029}' => plain.push('\n'),
            c if c.is_control() || reorders(c) => {}
            c => plain.push(c),
        }
    }

    fn begin(&mut self, state: State, introducer: char) {
        self.state = state;
        self.held.push(introducer);
    }

    fn drop_held(&mut self) {
        self.held.clear();
        self.state = State::Text;
    }

    /// It was no sequence, or none that anybody would send: what was held is text after all.
    fn give_back(&mut self, c: char, plain: &mut String) {
        plain.push_str(&self.released());
        self.state = State::Text;
        self.text(c, plain);
    }

    /// What was held, without what steers.
    fn released(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        held.chars().filter(|c| !c.is_control() && !reorders(*c)).collect()
    }
}

/// The whole text, plain; line ends and tabs stay.
///
/// ```
/// use evergrant_driver::plain_text::plain;
///
/// assert_eq!(plain("\u{1b}]0;a title\u{7}first\n\tsecond\u{202e}"), "first\n\tsecond");
/// ```
pub fn plain(text: &str) -> String {
    let mut filter = PlainText::default();
    let mut plain = filter.push(text);
    plain.push_str(&filter.end());
    plain
}

/// The text as one plain line of at most so many characters; what is longer ends in an ellipsis.
///
/// ```
/// use evergrant_driver::plain_text::plain_line;
///
/// // A model was asked for a title.
/// assert_eq!(plain_line("  The\nblue \u{1b}[1msky ", 80), "The blue sky");
/// assert_eq!(plain_line("The blue sky", 9), "The blue…");
/// ```
pub fn plain_line(text: &str, limit: usize) -> String {
    if !stands(Protection::PlainText) {
        return text.to_owned();
    }
    let words = plain(text);
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let mut short: String = line.chars().take(limit.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// Marks that show text in another order than it is written, or that tell a terminal's text from a tag's.
const fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';
const CONTROL_SEQUENCE: char = '\u{9b}';
const STRING_TERMINATOR: char = '\u{9c}';

/// 512 bytes: longer ones carry pictures or clipboards, which no answer needs; they are shown as the text they are.
const SEQUENCE: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text), expected, "{text:?}");
        // However it is cut into pieces.
        for (at, _) in text.char_indices() {
            let mut filter = PlainText::default();
            let pieces = [filter.push(&text[..at]), filter.push(&text[at..]), filter.end()].concat();
            assert_eq!(pieces, expected, "{text:?} cut at {at}");
        }
    }

    #[test]
    fn sequences_are_taken_out_and_text_stays() {
        check("a\x1b[31mred\x1b[0m b", "ared b");
        check("\x1b]0;title\x07text", "text");
        check("\x1b]52;c;aGk=\x1b\\text", "text");
        check("\x1bPq#0;2\x1b\\x", "x");
        check("\u{9b}2Jx", "x");
        check("\u{9d}0;t\u{9c}x", "x");
        check("\x1bcx\x1b(0y", "xy");
        check("a\r\nb\rc\u{2028}d\te", "a\nb\nc\nd\te");
        check("\u{202e}abc\u{2066}\u{8}\u{0}", "abc");
        check("👩‍👩‍👧 é e\u{301} 日本", "👩‍👩‍👧 é e\u{301} 日本");
    }

    #[test]
    fn what_is_no_sequence_is_not_lost() {
        check("\x1b]never ended", "]never ended");
        check("\x1b[12", "[12");
        check("\x1b]0;one line\nand more", "]0;one line\nand more");
        let long = "x".repeat(2_000);
        check(&format!("\x1b]{long}"), &format!("]{long}"));
        check("\x1b]\u{202e}\u{9b}31m", "]31m");
        check("\x1b]\u{202e}\x1b[0mx", "]x");
    }

    #[test]
    fn a_line_is_one_and_bounded() {
        assert_eq!(plain_line(" a\n\tb\x1b[2J  c ", 20), "a b c");
        assert_eq!(plain_line("abcdef", 4), "abc…");
        assert_eq!(plain_line("日本語日本語", 4), "日本語…");
    }
}
