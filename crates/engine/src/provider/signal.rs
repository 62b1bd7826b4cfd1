//! A signal: one line of a provider's table that says where to look, what to find and what it means.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::OnceLock;

use memchr::memmem::Finder;

use crate::vocabulary::{Channel, Verdict};

/// One signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its name, shown by `explain` and in logs.
    pub name: String,
    /// Where it ranks.
    pub tier: Tier,
    /// The file it stands in, and the line, for `explain`.
    pub file: String,
    /// The line of its `[[signal]]`.
    pub line: u32,
    /// The channel it is read on.
    pub channel: Channel,
    /// The statuses it needs; empty is any.
    pub status: Vec<u16>,
    /// Where to look.
    pub field: Field,
    /// What to find: any of these.
    pub pattern: Pattern,
    /// What must be found as well, anywhere in the error fields: all of these, lower case.
    pub all: Needles,
    /// What it means.
    pub verdict: Verdict,
    /// Why it stands although few replies are known that need it, such as where its code is documented.
    pub because: Option<String>,
    /// What helps, where that is not what usually helps against its verdict.
    pub help: Option<String>,
}

/// Whose word it is: a higher tier decides before a lower one is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// The user's own row; the first match wins.
    User,
    /// The built-in row.
    Provider,
    /// Unmistakable markers of any provider and of the common envelopes.
    Common,
    /// `WWW-Authenticate` and RFC 6749 `error`.
    Standard,
    /// A sentence of the grammar that no table lists: an opinion, which ends no grant.
    Words,
    /// The status alone.
    Status,
}

impl Tier {
    /// The word shown by `explain`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Provider => "provider",
            Self::Common => "common",
            Self::Standard => "standard",
            Self::Words => "words",
            Self::Status => "status",
        }
    }
}

/// Where a signal looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Fields named `code`, `reason` and the like.
    Code,
    /// Fields named `type`.
    Type,
    /// Fields named `error` that hold text, and RFC 6749's `error`.
    Error,
    /// Fields that hold a sentence.
    Message,
    /// A response header.
    Header(http::HeaderName),
    /// Any error field.
    Any,
}

/// What a signal looks for; texts are in lower case, any one of them suffices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Somewhere in the field.
    Contains(Needles),
    /// The whole field.
    Equals(Vec<String>),
    /// The beginning of the field.
    Prefix(Vec<String>),
    /// Nothing: status and `all` decide alone.
    Present,
}

impl Pattern {
    /// What it looks for.
    pub fn texts(&self) -> &[String] {
        match self {
            Self::Contains(needles) => &needles.texts,
            Self::Equals(texts) | Self::Prefix(texts) => texts,
            Self::Present => &[],
        }
    }
}

/// Texts that are looked for anywhere in a field, each with its search prepared.
#[derive(Clone, Default)]
pub struct Needles {
    texts: Vec<String>,
    finders: Vec<Finder<'static>>,
    bits: OnceLock<Option<u64>>,
}

impl Needles {
    /// Prepares the search.
    pub fn new(texts: Vec<String>) -> Self {
        let finders = texts.iter().map(|text| Finder::new(text).into_owned()).collect();
        let bits = OnceLock::new();
        Self { texts, finders, bits }
    }

    /// The bits that stand for them, `None` if one of them has none. They are kept: there is one list of texts that have bits.
    pub(crate) fn bits(&self, bit_of: impl Fn(&str) -> Option<u64>) -> Option<u64> {
        let bits = || self.texts.iter().try_fold(0, |bits, text| Some(bits | bit_of(text)?));
        *self.bits.get_or_init(bits)
    }

    /// For each of them, where it stands in the text.
    pub fn places(&self, text: &str) -> impl Iterator<Item = impl Iterator<Item = Range<usize>>> {
        self.finders.iter().map(|finder| {
            let length = finder.needle().len();
            finder
                .find_iter(text.as_bytes())
                .map(move |start| start..start + length)
        })
    }

    /// Whether one of them stands in the text.
    pub fn are_in(&self, text: &str) -> bool {
        self.finders.iter().any(|finder| finder.find(text.as_bytes()).is_some())
    }
}

impl Deref for Needles {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.texts
    }
}

impl PartialEq for Needles {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Needles {}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.texts.fmt(f)
    }
}
