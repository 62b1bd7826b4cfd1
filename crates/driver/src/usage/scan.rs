//! Finds in an answer that goes by what it says was used: nothing is held back, and only the object itself is parsed.
//!
//! One word is looked for. Where it is found as the name of a member, its object is taken aside, and from there to the end of
//! the document brackets are counted: they tell how deep it stood, for what a model or a tool wrote may have such a member too.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::told::Told;

/// What kind of answer goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON document.
    Document,
    /// Events, each with a document on a line of its own.
    Events,
}

/// Reads an answer piece by piece.
#[derive(Debug)]
pub(crate) struct Scan {
    form: Form,
    told: Option<Told>,
    /// The last bytes of what went by, in which the word may have begun.
    before: Vec<u8>,
    measure: Option<Measure>,
    /// How many bytes of a stream have gone by since it told something; none of a document, which tells of all of itself.
    since: u64,
}

/// What follows the word in one document.
#[derive(Debug, Default)]
struct Measure {
    /// How many brackets are open, against where the word stood.
    depth: i32,
    text: Text,
    step: Step,
    found: Vec<(i32, Told)>,
    last_closed: u8,
}

/// Whether a string is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

/// Where the member is that may be the one.
#[derive(Debug, Default)]
enum Step {
    #[default]
    Nowhere,
    /// In a string, of which this is known.
    Name(Name),
    /// After the name.
    Colon,
    /// After the colon.
    Value,
    /// In the object, which began at this depth.
    Object(i32, Vec<u8>),
}

/// The beginning of a name: as much as tells whether it is one of those looked for.
#[derive(Clone, Copy, Debug, Default)]
struct Name {
    text: [u8; NAME_LIMIT],
    length: usize,
}

impl Scan {
    pub(crate) const fn new(form: Form) -> Self {
        Self {
            form,
            told: None,
            before: Vec::new(),
            measure: None,
            since: 0,
        }
    }

    /// Looks at a piece that goes by.
    pub(crate) fn see(&mut self, piece: &[u8]) {
        let mut rest = piece;
        if self.form == Form::Events {
            self.since = self.since.saturating_add(piece.len() as u64);
        }
        loop {
            if let Some(measure) = &mut self.measure {
                match measure.see(rest, self.form) {
                    Some(after) => {
                        if self.document_ended() {
                            self.since = after.len() as u64;
                        }
                        self.before.clear();
                        rest = after;
                    }
                    None => return,
                }
            }
            match self.word(rest) {
                Some(after) => {
                    self.measure = Some(Measure::begun());
                    rest = after;
                }
                None => return,
            }
        }
    }

    /// What was told, now that nothing more comes, and how many bytes of a stream came after that.
    pub(crate) fn end(mut self) -> (Option<Told>, u64) {
        let is_over = self.form == Form::Document || self.measure.as_ref().is_some_and(Measure::is_closed);
        if is_over && self.document_ended() {
            self.since = 0;
        }
        (self.told, self.since)
    }

    /// What was told so far.
    #[cfg(test)]
    fn so_far(&self) -> Option<Told> {
        self.told
    }

    /// The beginning of the word, as it stands outside of strings; answers what follows it.
    fn word<'a>(&mut self, piece: &'a [u8]) -> Option<&'a [u8]> {
        // It may have begun in the piece before.
        for held in (1..WORD.len()).rev() {
            let (begun, missing) = WORD.split_at(held);
            if self.before.ends_with(begun) && piece.starts_with(missing) {
                let escaped = self.before.len() > held && self.before[self.before.len() - held - 1] == b'\\';
                if !escaped {
                    self.before.clear();
                    return Some(&piece[missing.len()..]);
                }
            }
        }
        let mut from = 0;
        while let Some(found) = FINDER.find(&piece[from..]) {
            let at = from + found;
            let ahead = match at.checked_sub(1) {
                Some(ahead) => piece.get(ahead),
                None => self.before.last(),
            };
            if ahead != Some(&b'\\') {
                self.before.clear();
                return Some(&piece[at + WORD.len()..]);
            }
            from = at + WORD.len();
        }
        let kept = piece.len().min(WORD.len());
        self.before.extend_from_slice(&piece[piece.len() - kept..]);
        let surplus = self.before.len().saturating_sub(WORD.len());
        self.before.drain(..surplus);
        None
    }

    /// Answers whether it told something.
    fn document_ended(&mut self) -> bool {
        let Some(measure) = self.measure.take() else {
            return false;
        };
        let mut tells = false;
        // The root's own bracket closes last: how far the count has sunk is how deep the word stood.
        let sunk = measure.depth;
        let deepest = match (self.form, measure.last_closed) {
            // A list of documents, as some stream them, has one bracket more.
            (Form::Document, b']') | (Form::Events, _) => 2,
            (Form::Document, _) => 1,
        };
        for (depth, told) in measure.found {
            if (1..=deepest).contains(&(depth - sunk)) {
                self.told = Some(self.told.unwrap_or_default().then(told));
                tells = true;
            }
        }
        tells
    }
}

impl Measure {
    /// Just after the beginning of the word, within a string.
    fn begun() -> Self {
        Self {
            text: Text::Inside,
            step: Step::Name(Name::begun()),
            ..Self::default()
        }
    }

    /// Reads on; answers what follows the document once it has ended.
    fn see<'a>(&mut self, piece: &'a [u8], form: Form) -> Option<&'a [u8]> {
        for (at, byte) in piece.iter().enumerate() {
            if form == Form::Events && matches!(byte, b'\n' | b'\r') {
                return Some(&piece[at + 1..]);
            }
            self.take(*byte);
        }
        None
    }

    /// Whether every bracket seems closed.
    fn is_closed(&self) -> bool {
        self.depth < 0 && self.text == Text::Outside
    }

    fn take(&mut self, byte: u8) {
        if let Step::Object(_, kept) = &mut self.step {
            kept.push(byte);
            if kept.len() > OBJECT_LIMIT {
                self.step = Step::Nowhere;
            }
        }
        match (self.text, byte) {
            (Text::Escaped, _) => {
                self.text = Text::Inside;
                self.name(byte);
            }
            (Text::Inside, b'\\') => {
                self.text = Text::Escaped;
                self.name(byte);
            }
            (Text::Inside, b'"') => {
                self.text = Text::Outside;
                if let Step::Name(name) = &self.step {
                    let is_it = NAMES.contains(&name.text()) && self.found.len() < OBJECTS;
                    self.step = if is_it { Step::Colon } else { Step::Nowhere };
                }
            }
            (Text::Inside, byte) => self.name(byte),
            (Text::Outside, byte) => self.outside(byte),
        }
    }

    /// A byte of a string that may be the name.
    fn name(&mut self, byte: u8) {
        if let Step::Name(name) = &mut self.step
            && !name.push(byte)
        {
            self.step = Step::Nowhere;
        }
    }

    fn outside(&mut self, byte: u8) {
        match (byte, &mut self.step) {
            (b'"', Step::Object(..)) => self.text = Text::Inside,
            (b'"', _) => {
                self.text = Text::Inside;
                self.step = Step::Name(Name::default());
            }
            (b'{' | b'[', step) => {
                if byte == b'{' && matches!(step, Step::Value) {
                    let mut kept = Vec::with_capacity(OBJECT_LENGTH);
                    kept.push(byte);
                    *step = Step::Object(self.depth, kept);
                } else if !matches!(step, Step::Object(..)) {
                    *step = Step::Nowhere;
                }
                self.depth += 1;
            }
            (b'}' | b']', step) => {
                self.depth -= 1;
                self.last_closed = byte;
                if let Step::Object(began, kept) = step {
                    if *began == self.depth {
                        self.found.extend(Told::read(kept).map(|told| (self.depth, told)));
                        self.step = Step::Nowhere;
                    }
                } else {
                    self.step = Step::Nowhere;
                }
            }
            (b':', step @ Step::Colon) => *step = Step::Value,
            (b' ' | b'\t' | b'\n' | b'\r', _) | (_, Step::Object(..)) => {}
            (_, step) => *step = Step::Nowhere,
        }
    }
}

impl Name {
    /// After the word.
    fn begun() -> Self {
        let mut name = Self::default();
        for byte in &WORD[1..] {
            name.push(*byte);
        }
        name
    }

    /// Adds a byte, if there is room for one.
    fn push(&mut self, byte: u8) -> bool {
        let room = self.text.get_mut(self.length);
        let has_room = room.is_some();
        if let Some(room) = room {
            *room = byte;
            self.length += 1;
        }
        has_room
    }

    fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// How the names begin, with the quotation mark before them: within a string it has a backslash ahead.
const WORD: &[u8] = b"\"usage";

/// The members that tell what was used.
const NAMES: [&[u8]; 2] = [b"usage", b"usageMetadata"];

/// No name is longer.
const NAME_LIMIT: usize = 13;

/// 8 in one document: a model's own words may hold some, and the document's own comes once or twice.
const OBJECTS: usize = 8;

/// 256: the bytes of most of them, so that none has to be moved.
const OBJECT_LENGTH: usize = 256;

/// 4 KiB: those in use have a few hundred bytes.
const OBJECT_LIMIT: usize = 4 * 1024;

static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(WORD));

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
