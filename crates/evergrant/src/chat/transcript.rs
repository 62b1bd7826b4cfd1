//! Everything that was said and told, and the part of it that is looked at.

use std::ops::Range;

use super::entry::{Entry, Kind};

/// The transcript.
#[derive(Clone, Debug, Default)]
pub(super) struct Transcript {
    entries: Vec<Entry>,
    /// The byte of the entry that the first visible row begins with; without it the end is looked at.
    anchor: Option<Spot>,
    found: Option<Found>,
    /// The entry that is still coming.
    coming: Option<usize>,
    width: usize,
    height: usize,
}

/// A byte of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    entry: usize,
    byte: usize,
}

/// What was searched for last, and where it was found.
#[derive(Clone, Debug)]
struct Found {
    entry: usize,
    bytes: Range<usize>,
}

/// A row as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Whose it is; `None` for the blank between two.
    pub(super) kind: Option<Kind>,
    /// Whether it is the first of its entry.
    pub(super) first: bool,
    /// How many blanks stand before it.
    pub(super) indent: usize,
    /// Its text.
    pub(super) text: &'a str,
    /// The bytes of it that were searched for.
    pub(super) found: Option<Range<usize>>,
}

impl Transcript {
    /// Adds something.
    pub(super) fn push(&mut self, kind: Kind, text: &str) {
        let mut entry = Entry::new(kind, text);
        if self.width > 0 {
            entry.lay_out(self.width);
        }
        self.entries.push(entry);
    }

    /// Adds something that is still coming.
    pub(super) fn begin(&mut self, kind: Kind) {
        self.coming = Some(self.entries.len());
        self.push(kind, "");
    }

    /// Adds to what is still coming, whatever was added behind it since.
    pub(super) fn append(&mut self, text: &str) {
        if let Some(entry) = self.coming.and_then(|place| self.entries.get_mut(place)) {
            entry.append(text);
        }
    }

    /// No more of it comes.
    pub(super) fn end(&mut self) {
        if let Some(entry) = self.coming.take().and_then(|place| self.entries.get_mut(place)) {
            entry.end();
        }
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The newest of a kind.
    pub(super) fn newest(&self, kind: Kind) -> Option<&str> {
        self.entries.iter().rfind(|entry| entry.kind == kind).map(Entry::text)
    }

    /// Fits it into so many cells.
    pub(super) fn lay_out(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        for entry in &mut self.entries {
            entry.lay_out(width);
        }
        if self.anchor.is_some_and(|spot| self.row_of(spot) >= self.last_top()) {
            self.anchor = None;
        }
    }

    /// The rows that are visible.
    pub(super) fn visible(&self) -> Vec<Row<'_>> {
        let top = self.top();
        let mut rows = Vec::with_capacity(self.height);
        let mut at = 0;
        for (place, entry) in self.entries.iter().enumerate() {
            let height = self.height_of(place);
            if at + height > top && rows.len() < self.height {
                let skipped = top.saturating_sub(at);
                let gap = self.gap(place);
                for number in skipped..height {
                    if rows.len() == self.height {
                        break;
                    }
                    rows.push(self.row(place, entry, number, gap));
                }
            }
            at += height;
        }
        rows
    }

    fn row<'a>(&self, place: usize, entry: &'a Entry, number: usize, gap: usize) -> Row<'a> {
        let blank = Row {
            kind: None,
            first: false,
            indent: 0,
            text: "",
            found: None,
        };
        let own = number.checked_sub(gap);
        let Some((bytes, text)) = own.and_then(|number| entry.row(number)) else {
            return blank;
        };
        let within = |found: &Found| {
            let (start, end) = (found.bytes.start.max(bytes.start), found.bytes.end.min(bytes.end));
            (found.entry == place && start < end).then(|| start - bytes.start..end - bytes.start)
        };
        Row {
            kind: Some(entry.kind),
            first: number == gap,
            indent: own.map_or(0, |number| entry.indent(number)),
            text,
            found: self.found.as_ref().and_then(within),
        }
    }

    /// How many rows stand below the visible ones.
    pub(super) fn below(&self) -> usize {
        self.last_top().saturating_sub(self.top())
    }

    /// Looks further up (less than 0) or down.
    pub(super) fn scroll(&mut self, rows: isize) {
        let top = self.top().saturating_add_signed(rows).min(self.last_top());
        self.look_at(top);
    }

    /// Scrolls by a page, less one row that is seen twice.
    pub(super) fn page(&mut self, pages: isize) {
        let page = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.scroll(page.saturating_mul(pages));
    }

    /// Looks at the beginning.
    pub(super) fn go_to_top(&mut self) {
        self.look_at(0);
    }

    /// Looks at the end, and follows it from now on.
    pub(super) fn go_to_bottom(&mut self) {
        self.anchor = None;
    }

    /// Finds the next place above (or below) the last one found; answers whether there is one.
    pub(super) fn find(&mut self, needle: &str, upwards: bool) -> bool {
        let needle = needle.to_lowercase();
        if needle.is_empty() {
            self.found = None;
            return false;
        }
        let from = self.found.as_ref().map(|found| Spot {
            entry: found.entry,
            byte: found.bytes.start,
        });
        let mut places = Vec::new();
        for (place, entry) in self.entries.iter().enumerate() {
            for start in matches(entry.text(), &needle) {
                places.push(Spot {
                    entry: place,
                    byte: start,
                });
            }
        }
        let next = match (from, upwards) {
            (None, _) => places.last(),
            (Some(from), true) => places.iter().rfind(|spot| **spot < from).or(places.last()),
            (Some(from), false) => places.iter().find(|spot| **spot > from).or(places.first()),
        };
        let Some(spot) = next.copied() else {
            self.found = None;
            return false;
        };
        let text = self.entries[spot.entry].text();
        let length = length_of_match(&text[spot.byte..], &needle);
        self.found = Some(Found {
            entry: spot.entry,
            bytes: spot.byte..spot.byte + length,
        });
        let row = self.row_of(spot);
        if row < self.top() || row >= self.top() + self.height {
            self.look_at(row.saturating_sub(self.height / 2).min(self.last_top()));
        }
        true
    }

    /// Forgets what was searched for.
    pub(super) fn forget_search(&mut self) {
        self.found = None;
    }

    fn look_at(&mut self, top: usize) {
        if top >= self.last_top() {
            self.anchor = None;
            return;
        }
        let mut at = 0;
        for place in 0..self.entries.len() {
            let height = self.height_of(place);
            if top < at + height {
                let number = (top - at).saturating_sub(self.gap(place));
                let byte = self.entries[place].row(number).map_or(0, |(bytes, _)| bytes.start);
                self.anchor = Some(Spot { entry: place, byte });
                return;
            }
            at += height;
        }
    }

    /// The first visible row, counted from the beginning.
    fn top(&self) -> usize {
        match self.anchor {
            Some(spot) => self.row_of(spot).min(self.last_top()),
            None => self.last_top(),
        }
    }

    fn last_top(&self) -> usize {
        let total: usize = (0..self.entries.len()).map(|place| self.height_of(place)).sum();
        total.saturating_sub(self.height)
    }

    fn row_of(&self, spot: Spot) -> usize {
        let before: usize = (0..spot.entry).map(|place| self.height_of(place)).sum();
        let Some(entry) = self.entries.get(spot.entry) else {
            return before;
        };
        // The beginning of an entry is looked at with the blank above it.
        match entry.row_of(spot.byte) {
            0 => before,
            number => before + self.gap(spot.entry) + number,
        }
    }

    fn height_of(&self, place: usize) -> usize {
        self.entries.get(place).map_or(0, Entry::height) + self.gap(place)
    }

    fn gap(&self, place: usize) -> usize {
        let stands_apart = self.entries.get(place).is_some_and(|entry| entry.kind.stands_apart());
        usize::from(place > 0 && stands_apart)
    }
}

/// Where a lower-case needle begins in a text, whatever its letters' case.
fn matches<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let first = needle.chars().next();
    text.char_indices()
        .filter(move |(_, c)| c.to_lowercase().next() == first)
        .map(|(at, _)| at)
        .filter(move |at| length_of_match(&text[*at..], needle) > 0)
}

/// How many bytes of the text's beginning are the needle; 0 if they are not.
fn length_of_match(text: &str, needle: &str) -> usize {
    let mut wanted = needle.chars();
    let mut length = 0;
    let mut rest = text.chars();
    loop {
        if wanted.as_str().is_empty() {
            return length;
        }
        let Some(c) = rest.next() else { return 0 };
        length += c.len_utf8();
        if !c.to_lowercase().all(|lower| wanted.next() == Some(lower)) {
            return 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(transcript: &Transcript) -> Vec<&str> {
        transcript.visible().iter().map(|row| row.text).collect()
    }

    fn ten() -> Transcript {
        let mut transcript = Transcript::default();
        for number in 0..10 {
            transcript.push(Kind::User, &format!("line {number}"));
        }
        transcript.lay_out(20, 5);
        transcript
    }

    #[test]
    fn the_end_is_followed_until_one_looks_elsewhere() {
        let mut transcript = ten();
        assert_eq!(shown(&transcript), ["line 7", "", "line 8", "", "line 9"]);
        transcript.scroll(-3);
        let before = shown(&transcript).join("|");
        transcript.push(Kind::User, "line 10");
        transcript.lay_out(20, 5);
        assert_eq!(shown(&transcript).join("|"), before);
        assert_eq!(transcript.below(), 5);
        transcript.go_to_top();
        assert_eq!(shown(&transcript)[0], "line 0");
        transcript.page(100);
        assert_eq!(transcript.below(), 0);
        transcript.push(Kind::Quiet, "more");
        transcript.lay_out(20, 5);
        assert_eq!(shown(&transcript)[4], "more", "the end is followed again");
    }

    #[test]
    fn another_width_keeps_what_is_looked_at() {
        let mut transcript = Transcript::default();
        transcript.push(Kind::Answer, &"word ".repeat(400));
        transcript.push(Kind::User, "here");
        transcript.push(Kind::Answer, &"other ".repeat(400));
        transcript.lay_out(40, 10);
        while shown(&transcript)[1] != "here" {
            transcript.scroll(-1);
        }
        for width in [20, 80, 7, 40] {
            transcript.lay_out(width, 10);
            assert!(
                shown(&transcript).contains(&"here"),
                "{width}: {:?}",
                shown(&transcript)
            );
        }
    }

    #[test]
    fn a_search_goes_from_place_to_place_and_round() {
        let mut transcript = ten();
        transcript.push(Kind::Answer, "LINE Straße");
        transcript.lay_out(20, 5);
        assert!(transcript.find("line", true));
        assert_eq!(transcript.visible()[4].found, Some(0..4));
        assert!(transcript.find("line", true));
        assert_eq!(transcript.visible()[2].found, Some(0..4));
        assert!(transcript.find("line 0", true));
        assert_eq!(shown(&transcript)[0], "line 0");
        assert!(transcript.find("straße", true));
        assert_eq!(transcript.visible()[4].found, Some(5..12));
        assert!(!transcript.find("nowhere", false));
    }
}
