//! What a body yields: its shape, its error fields, and what they hint at.

use std::ops::Range;

use super::duration::Unit;
use super::few::Few;
use super::fragment::Fragment;

/// What part an error field plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// `code`, `reason`, `error_codes` and the like.
    Code,
    /// `type`, `__type`.
    Type,
    /// `error` as a text.
    Error,
    /// A sentence: `message`, `detail`, `error_description`, a page's text.
    #[default]
    Message,
    /// A code or a type again, its words apart: never a field of its own.
    Words,
}

/// What kind of body an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// A JSON object, array or string, perhaps cut off.
    Json,
    /// Server-sent events.
    Events,
    /// A form, as some authorization servers answer.
    Form,
    /// A page.
    Html,
    /// XML that is not a page.
    Xml,
    /// Anything else.
    Text,
}

/// All that a body yields.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) shape: Shape,
    pub(super) inner_status: Option<u16>,
    pub(super) marks: Marks,
    pub(super) text: String,
    /// Codes as the body writes them, for whoever reads their words.
    pub(super) codes: String,
    pub(super) spans: Few<Span, 16>,
    pub(super) hints: Few<Hint, 8>,
    pub(super) fragment: Fragment,
}

/// Where in the kept text a field stands; [`Role::Words`] stand among the codes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) role: Role,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    /// One of that role over a part of a text.
    pub(super) fn over(role: Role, part: Range<usize>) -> Self {
        let (start, end) = (offset(part.start), offset(part.end));
        Self { role, start, end }
    }

    /// Whether that part of the text is in it.
    pub(super) fn holds(&self, part: &Range<usize>) -> bool {
        self.start as usize <= part.start && part.end <= self.end as usize
    }
}

/// A place in a text as it is kept; no text is that long.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A value that tells when to come back, and how it is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hint {
    /// The unit of a number that names none; large numbers are points in time.
    pub(super) unit: Unit,
    /// Whether it is a header of a limit's window that the body quotes.
    pub(super) is_window: bool,
    /// Where its name begins, where its value does, and where that ends.
    pub(super) bounds: [u32; 3],
}

impl Found {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            shape: Shape::Empty,
            inner_status: None,
            marks: Marks::default(),
            text: String::new(),
            codes: String::new(),
            spans: Few::default(),
            hints: Few::default(),
            fragment: Fragment::new(),
        }
    }

    /// The name of a hint, as the body writes it; of a header in lower case.
    pub(super) fn name(&self, hint: &Hint) -> &str {
        self.kept(hint.bounds[0], hint.bounds[1])
    }

    /// The value of a hint, in lower case.
    pub(super) fn value(&self, hint: &Hint) -> &str {
        self.kept(hint.bounds[1], hint.bounds[2])
    }

    /// A part of the kept text.
    pub(super) fn kept(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The code of which a span has the words.
    pub(super) fn code(&self, words: &Span) -> &str {
        self.codes
            .get(words.start as usize..words.end as usize)
            .unwrap_or_default()
    }
}

/// What the top level of a JSON or form body shows of its nature.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    /// It is an object.
    pub(super) object: bool,
    /// It was read to its end, which nothing follows.
    pub(super) whole: bool,
    /// It has an error that is not null, or says that it failed.
    pub(super) error: bool,
    /// It has what only an answer has: choices, output, content.
    pub(super) content: bool,
    /// It has keys beyond those in which errors are told.
    pub(super) other: bool,
    /// It has an access token.
    pub(super) access_token: bool,
    /// It has a device code or an authorization code.
    pub(super) code: bool,
}
