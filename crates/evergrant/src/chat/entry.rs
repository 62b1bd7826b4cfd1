//! One thing that the transcript shows, and the rows it takes.

use std::ops::Range;

use evergrant_driver::plain_text::PlainText;

use super::wrap::{hang, wrap, wrap_hanging};

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What the user said.
    User,
    /// What the model said.
    Answer,
    /// Something that went on quietly: a repair, a title, a summary.
    Quiet,
    /// What is missing of the answer above.
    Mark,
    /// What the chat itself has to say.
    Note,
    /// What went wrong, and what helps.
    Failure,
}

/// One thing that the transcript shows.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    text: String,
    filter: PlainText,
    rows: Vec<Range<usize>>,
    width: usize,
}

impl Kind {
    /// Whether a blank row keeps it apart from what stands above.
    pub(super) const fn stands_apart(self) -> bool {
        match self {
            Self::User | Self::Answer | Self::Note | Self::Failure => true,
            Self::Quiet | Self::Mark => false,
        }
    }

    /// Whether it may be a table, whose columns are to be seen when it is cut into rows.
    const fn hangs(self) -> bool {
        match self {
            Self::Note => true,
            Self::User | Self::Answer | Self::Quiet | Self::Mark | Self::Failure => false,
        }
    }
}

impl Entry {
    /// One that is whole; whatever could steer the terminal is taken out.
    pub(super) fn new(kind: Kind, text: &str) -> Self {
        let mut entry = Self {
            kind,
            text: String::new(),
            filter: PlainText::default(),
            rows: Vec::new(),
            width: 0,
        };
        entry.append(text);
        entry.end();
        entry
    }

    /// More of it has come.
    pub(super) fn append(&mut self, text: &str) {
        let plain = self.filter.push(text);
        self.add(&plain);
    }

    /// No more of it comes.
    pub(super) fn end(&mut self) {
        let held = self.filter.end();
        self.add(&held);
    }

    fn add(&mut self, plain: &str) {
        self.text.push_str(&plain.replace('\t', TAB));
        match self.rows.pop() {
            Some(_) if self.kind.hangs() => {
                self.rows.clear();
                wrap_hanging(&self.text, self.width, &mut self.rows);
            }
            Some(last) => wrap(&self.text, last.start, self.width, &mut self.rows),
            None => {}
        }
    }

    /// Cuts it into rows of this width.
    pub(super) fn lay_out(&mut self, width: usize) {
        if self.width != width || self.rows.is_empty() {
            self.width = width;
            self.rows.clear();
            if self.kind.hangs() {
                wrap_hanging(&self.text, width, &mut self.rows);
            } else {
                wrap(&self.text, 0, width, &mut self.rows);
            }
        }
    }

    /// How far a row stands in: below the column that it goes on with.
    pub(super) fn indent(&self, number: usize) -> usize {
        let Some(row) = self.rows.get(number).filter(|_| self.kind.hangs()) else {
            return 0;
        };
        let start = self.text[..row.start].rfind('\n').map_or(0, |at| at + 1);
        if start == row.start {
            return 0;
        }
        hang(self.text[start..].split('\n').next().unwrap_or_default(), self.width)
    }

    /// How many rows it takes.
    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// The bytes of one of its rows, and their text.
    pub(super) fn row(&self, number: usize) -> Option<(Range<usize>, &str)> {
        let row = self.rows.get(number)?;
        Some((row.clone(), &self.text[row.clone()]))
    }

    /// The row that a byte stands in.
    pub(super) fn row_of(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.start <= byte).saturating_sub(1)
    }

    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Four blanks: a terminal's tab stops are counted from its own edge, not from the text's.
const TAB: &str = "    ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_chat_says_in_columns_keeps_them_on_a_narrow_screen() {
        let text = "/title [TEXT]  ask for a title, or set it\nplain words that go on";
        let mut entry = Entry::new(Kind::Note, text);
        for (width, expected) in [
            (
                30,
                "/title [TEXT]  ask for a |               title, or set |               it|plain words that go on",
            ),
            (
                20,
                "/title [TEXT]  ask |  for a title, or |  set it|plain words that go |on",
            ),
            (6, ""),
        ] {
            entry.lay_out(width);
            let row = |number| " ".repeat(entry.indent(number)) + entry.row(number).unwrap().1;
            let rows: Vec<_> = (0..entry.height()).map(row).collect();
            if !expected.is_empty() {
                assert_eq!(rows.join("|"), expected, "{width}");
            }
            assert_eq!(rows.concat().replace(' ', ""), text.replace([' ', '\n'], ""), "{width}");
        }
        let mut said = Entry::new(Kind::Answer, text);
        said.lay_out(30);
        assert!(
            (0..said.height()).all(|number| said.indent(number) == 0),
            "an answer is shown as it is"
        );
    }
}
