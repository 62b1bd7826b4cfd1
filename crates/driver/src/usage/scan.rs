//! Finds in an answer that goes by what it says was used: nothing is held back, and only the object itself is read.
//!
//! One word is looked for. Where it is found as the name of a member, its object is taken aside, and from there to the end of
//! the document brackets are counted: they tell how deep it stood, for what a model or a tool wrote may have such a member too.

use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::Finder;

use super::said::Said;
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
    begun: Begun,
    measure: Option<Measure>,
    /// How many bytes of a stream have gone by since it told something; none of a document, which tells of all of itself.
    since: u64,
}

/// How what went by ended.
#[derive(Clone, Copy, Debug, Default)]
struct Begun {
    /// How many bytes of the word were its last ones.
    length: usize,
    /// Whether a backslash stood ahead of them.
    is_escaped: bool,
}

/// What follows the word in one document.
#[derive(Debug, Default)]
struct Measure {
    /// How many brackets are open, against where the word stood.
    depth: i32,
    text: Text,
    step: Step,
    found: Found,
    last_closed: u8,
}

/// What was told, and how deep that stood: once most often, which needs no memory of its own.
#[derive(Debug, Default)]
struct Found {
    first: Option<(i32, Told)>,
    others: Vec<(i32, Told)>,
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
    /// In a string that so far is so many bytes of the longest name.
    Name(usize),
    /// After the name.
    Colon,
    /// After the colon.
    Value,
    /// In the object, which began at this depth and is cut.
    Object(i32, Vec<u8>),
}

impl Scan {
    pub(crate) const fn new(form: Form) -> Self {
        Self {
            form,
            told: None,
            begun: Begun {
                length: 0,
                is_escaped: false,
            },
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
                        self.begun = Begun::default();
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

    /// A piece of whole lines goes by that has not got the word; answers whether nothing of it has to be looked at.
    pub(crate) fn pass(&mut self, piece: &[u8]) -> bool {
        let waits_for_the_word = self.measure.is_none() && self.begun.length == 0;
        if waits_for_the_word {
            self.begun = Begun::default();
            if self.form == Form::Events {
                self.since = self.since.saturating_add(piece.len() as u64);
            }
        }
        waits_for_the_word
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
        let before = self.begun;
        // It may have begun in the piece before.
        if before.length > 0 {
            let missing = &WORD[before.length..];
            if missing.len() > piece.len() && missing.starts_with(piece) {
                self.begun.length += piece.len();
                return None;
            }
            if !before.is_escaped && piece.starts_with(missing) {
                self.begun = Begun::default();
                return Some(&piece[missing.len()..]);
            }
        }
        let is_escaped = |at: usize| match at.checked_sub(1) {
            Some(ahead) => piece[ahead] == b'\\',
            None => before.length == 0 && before.is_escaped,
        };
        let mut from = 0;
        while let Some(found) = FINDER.find(&piece[from..]) {
            let at = from + found;
            from = at + WORD.len();
            if !is_escaped(at) {
                self.begun = Begun::default();
                return Some(&piece[from..]);
            }
        }
        let last = piece.len().saturating_sub(WORD.len() - 1);
        // It has one quotation mark, at its beginning.
        let mark = piece[last..]
            .iter()
            .rposition(|byte| *byte == WORD[0])
            .map(|at| last + at);
        let at = mark
            .filter(|mark| WORD.starts_with(&piece[*mark..]))
            .unwrap_or(piece.len());
        self.begun = Begun {
            length: piece.len() - at,
            is_escaped: is_escaped(at),
        };
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
        for (depth, told) in measure.found.first.into_iter().chain(measure.found.others) {
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
            step: Step::Name(WORD.len() - 1),
            ..Self::default()
        }
    }

    /// Reads on; answers what follows the document once it has ended.
    fn see<'a>(&mut self, piece: &'a [u8], form: Form) -> Option<&'a [u8]> {
        let mut rest = piece;
        loop {
            rest = &rest[self.pass(rest)..];
            let (byte, after) = rest.split_first()?;
            if form == Form::Events && matches!(byte, b'\n' | b'\r') {
                return Some(after);
            }
            rest = match self.whole_object(rest, form) {
                Some(length) => &rest[length..],
                None => {
                    self.take(*byte);
                    after
                }
            };
        }
    }

    /// Passes over what changes nothing; answers how much that is.
    fn pass(&mut self, piece: &[u8]) -> usize {
        let kept = match &mut self.step {
            Step::Nowhere => None,
            Step::Object(_, kept) => Some(kept),
            Step::Name(_) | Step::Colon | Step::Value => return 0,
        };
        let is_mark = |byte: &u8| match self.text {
            Text::Inside => matches!(byte, b'"' | b'\\' | b'\n' | b'\r'),
            Text::Outside => matches!(byte, b'"' | b'{' | b'[' | b'}' | b']' | b'\n' | b'\r'),
            Text::Escaped => true,
        };
        let passed = piece.iter().position(is_mark).unwrap_or(piece.len());
        let Some(kept) = kept else { return passed };
        let passed = passed.min(OBJECT_LIMIT.saturating_sub(kept.len()));
        kept.extend_from_slice(&piece[..passed]);
        passed
    }

    /// Reads the object that begins here where it stands, if it is one that is looked for and all of it is here; answers how long
    /// it is.
    fn whole_object(&mut self, piece: &[u8], form: Form) -> Option<usize> {
        if !matches!(self.step, Step::Value) || piece.first() != Some(&b'{') {
            return None;
        }
        let within = &piece[..piece.len().min(OBJECT_LIMIT)];
        let (said, length) = Said::read(within)?;
        if form == Form::Events && memchr2(b'\n', b'\r', &within[..length]).is_some() {
            return None;
        }
        self.found.keep(self.depth, Told::of(&said));
        self.step = Step::Nowhere;
        self.last_closed = b'}';
        Some(length)
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
                if let Step::Name(length) = self.step {
                    let is_it = NAME_LENGTHS.contains(&length) && self.found.others.len() < OBJECTS - 1;
                    self.step = if is_it { Step::Colon } else { Step::Nowhere };
                }
            }
            (Text::Inside, byte) => self.name(byte),
            (Text::Outside, byte) => self.outside(byte),
        }
    }

    /// A byte of a string that may be the name.
    fn name(&mut self, byte: u8) {
        if let Step::Name(length) = &mut self.step {
            if NAME.get(*length) == Some(&byte) {
                *length += 1;
            } else {
                self.step = Step::Nowhere;
            }
        }
    }

    fn outside(&mut self, byte: u8) {
        match (byte, &mut self.step) {
            (b'"', Step::Object(..)) => self.text = Text::Inside,
            (b'"', _) => {
                self.text = Text::Inside;
                self.step = Step::Name(0);
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
                        self.found.keep(self.depth, Told::read(kept));
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

impl Found {
    fn keep(&mut self, depth: i32, told: Option<Told>) {
        let Some(told) = told else { return };
        match &self.first {
            None => self.first = Some((depth, told)),
            Some(_) => self.others.push((depth, told)),
        }
    }
}

/// How the names begin, with the quotation mark before them: within a string it has a backslash ahead.
const WORD: &[u8] = b"\"usage";

/// The longest of the members that tell what was used; the other one is how it begins.
const NAME: &[u8] = b"usageMetadata";

/// How long they are: `usage` and `usageMetadata`.
const NAME_LENGTHS: [usize; 2] = [WORD.len() - 1, NAME.len()];

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
