//! The line, or lines, that are being written, and those that were written before.

use std::ops::Range;

use super::wrap::{cells_of, symbols, wrap};

/// What is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// A byte between two symbols.
    cursor: usize,
    width: usize,
    earlier: Vec<String>,
    /// Which of the earlier ones is shown, and what was being written before that.
    recalled: Option<(usize, String)>,
}

impl Editor {
    /// One that knows what was written earlier, the newest last.
    pub(super) fn knowing(earlier: Vec<String>) -> Self {
        Self {
            earlier,
            ..Self::default()
        }
    }

    /// What stands there.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Takes it away to be said.
    pub(super) fn take(&mut self) -> String {
        self.recalled = None;
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Remembers what was said.
    pub(super) fn remember(&mut self, said: &str) {
        self.earlier.retain(|earlier| earlier != said);
        self.earlier.push(said.to_owned());
    }

    /// Puts something in its place.
    pub(super) fn set(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
    }

    /// Writes at the cursor.
    pub(super) fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    /// Takes away what stands before the cursor.
    pub(super) fn backspace(&mut self) {
        let before = self.before();
        self.remove(before..self.cursor);
    }

    /// Takes away what stands behind the cursor.
    pub(super) fn delete(&mut self) {
        let after = self.after();
        self.remove(self.cursor..after);
    }

    /// Takes away the word before the cursor.
    pub(super) fn kill_word(&mut self) {
        let start = self.word_start();
        self.remove(start..self.cursor);
    }

    /// Takes away the line up to the cursor, or the line end before it.
    pub(super) fn kill_line(&mut self) {
        let start = self.line().start;
        self.remove(if start == self.cursor { self.before() } else { start }..self.cursor);
    }

    /// Takes away the rest of the line, or the line end.
    pub(super) fn kill_rest(&mut self) {
        let end = self.line().end;
        self.remove(self.cursor..if end == self.cursor { self.after() } else { end });
    }

    fn remove(&mut self, bytes: Range<usize>) {
        self.cursor = bytes.start;
        self.text.replace_range(bytes, "");
    }

    /// Moves by a symbol.
    pub(super) fn left(&mut self) {
        self.cursor = self.before();
    }

    /// Moves by a symbol.
    pub(super) fn right(&mut self) {
        self.cursor = self.after();
    }

    /// Moves by a word.
    pub(super) fn word_left(&mut self) {
        self.cursor = self.word_start();
    }

    /// Moves by a word.
    pub(super) fn word_right(&mut self) {
        let rest = &self.text[self.cursor..];
        let blanks = rest.len() - rest.trim_start().len();
        let word = rest[blanks..].find(char::is_whitespace).unwrap_or(rest.len() - blanks);
        self.cursor += blanks + word;
    }

    /// To the beginning of the line.
    pub(super) fn home(&mut self) {
        self.cursor = self.line().start;
    }

    /// To the end of the line.
    pub(super) fn end(&mut self) {
        self.cursor = self.line().end;
    }

    /// A row up; from the first one, to what was written earlier.
    pub(super) fn up(&mut self) {
        let (row, column) = self.cursor_cell();
        if row > 0 {
            self.move_to(row - 1, column);
            return;
        }
        let place = self.recalled.as_ref().map_or(self.earlier.len(), |(place, _)| *place);
        if let Some(before) = place.checked_sub(1) {
            let draft = self
                .recalled
                .take()
                .map_or_else(|| self.text.clone(), |(_, draft)| draft);
            self.set(self.earlier[before].clone());
            self.recalled = Some((before, draft));
        }
    }

    /// A row down; from the last one, to what was written later.
    pub(super) fn down(&mut self) {
        let (row, column) = self.cursor_cell();
        if row + 1 < self.rows().len() {
            self.move_to(row + 1, column);
            return;
        }
        let Some((place, draft)) = self.recalled.take() else {
            return;
        };
        match self.earlier.get(place + 1).cloned() {
            Some(later) => {
                self.set(later);
                self.recalled = Some((place + 1, draft));
            }
            None => self.set(draft),
        }
    }

    /// Fits it into rows of this width.
    pub(super) fn lay_out(&mut self, width: usize) {
        self.width = width;
    }

    /// Its rows.
    pub(super) fn rows(&self) -> Vec<Range<usize>> {
        let mut rows = Vec::new();
        wrap(&self.text, 0, self.width, &mut rows);
        rows
    }

    /// Row and column of the cursor.
    pub(super) fn cursor_cell(&self) -> (usize, usize) {
        let rows = self.rows();
        let row = rows.partition_point(|row| row.start <= self.cursor).saturating_sub(1);
        let start = rows.get(row).map_or(0, |row| row.start);
        (row, cells_of(&self.text[start..self.cursor]))
    }

    fn move_to(&mut self, row: usize, column: usize) {
        let rows = self.rows();
        let Some(row) = rows.get(row) else { return };
        let (mut at, mut cells) = (row.start, 0);
        for (symbol, wide) in symbols(&self.text[row.clone()]) {
            if cells + wide > column {
                break;
            }
            at += symbol.len();
            cells += wide;
        }
        self.cursor = at;
    }

    /// The bytes of the line that the cursor stands in.
    fn line(&self) -> Range<usize> {
        let start = self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[self.cursor..]
            .find('\n')
            .map_or(self.text.len(), |at| self.cursor + at);
        start..end
    }

    fn before(&self) -> usize {
        let start = self.line().start;
        if start == self.cursor {
            return self.cursor.saturating_sub(1);
        }
        let last = symbols(&self.text[start..self.cursor]).last();
        self.cursor - last.map_or(0, |(symbol, _)| symbol.len())
    }

    fn after(&self) -> usize {
        let end = self.line().end;
        if end == self.cursor {
            return (self.cursor + 1).min(self.text.len());
        }
        let first = symbols(&self.text[self.cursor..end]).next();
        self.cursor + first.map_or(0, |(symbol, _)| symbol.len())
    }

    fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::knowing(vec!["first".to_owned(), "second".to_owned()]);
        editor.lay_out(10);
        editor.insert(text);
        editor
    }

    #[test]
    fn symbols_are_moved_over_and_taken_away_whole() {
        let mut editor = editor("a👩‍👩‍👧e\u{301}");
        editor.left();
        editor.left();
        assert_eq!(editor.cursor, 1);
        editor.delete();
        assert_eq!(editor.text(), "ae\u{301}");
        editor.end();
        editor.backspace();
        assert_eq!(editor.text(), "a");
        editor.backspace();
        editor.backspace();
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn words_and_lines_are_taken_away() {
        let mut editor = editor("one two\nthree four");
        editor.kill_word();
        assert_eq!(editor.text(), "one two\nthree ");
        editor.kill_line();
        assert_eq!(editor.text(), "one two\n");
        editor.kill_line();
        assert_eq!(editor.text(), "one two");
        editor.home();
        editor.word_right();
        editor.kill_rest();
        assert_eq!(editor.text(), "one");
    }

    #[test]
    fn up_and_down_go_through_rows_and_then_through_what_was_written_before() {
        let mut editor = editor("draft line that is wrapped");
        editor.up();
        editor.up();
        editor.up();
        assert_eq!(editor.text(), "second");
        editor.up();
        editor.up();
        assert_eq!(editor.text(), "first");
        editor.down();
        assert_eq!(editor.text(), "second");
        editor.down();
        assert_eq!(editor.text(), "draft line that is wrapped");
        editor.remember("first");
        editor.take();
        editor.up();
        assert_eq!(editor.text(), "first");
    }
}
