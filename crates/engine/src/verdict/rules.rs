//! The rules of the grammar as data: subjects, predicates, and what they mean together.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::matching::Setting;
use crate::provider::{Field, Needles, Pattern, Signal, Tier};
use crate::vocabulary::{Channel, Verdict};

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// What `explain` names.
    pub(super) signal: Arc<Signal>,
    pub(super) subjects: Vec<String>,
    pub(super) predicates: Vec<String>,
    /// A word that shows that the sentence is about something else.
    pub(super) unless: Vec<String>,
    /// Whether the predicate has to follow its subject.
    pub(super) in_order: bool,
    /// Whether it is about pages only.
    pub(super) page: bool,
    /// The verdicts of an envelope's class that it says more plainly.
    pub(super) refines: Vec<Verdict>,
    /// How many bytes may stand between a predicate and the subject that follows it.
    pub(super) back: usize,
    /// How many bytes may stand between subject and predicate.
    pub(super) reach: usize,
}

impl Rule {
    /// What it means.
    pub(super) fn verdict(&self) -> Verdict {
        self.signal.verdict
    }

    /// Whether the rule is read on that channel, under that status.
    pub(super) fn admits(&self, setting: Setting) -> bool {
        let statuses = &self.signal.status;
        let is_of_devices = self.signal.channel == Channel::Device;
        (setting.channel == Channel::Device || !is_of_devices)
            && setting
                .status
                .is_none_or(|status| statuses.is_empty() || statuses.contains(&status))
    }
}

impl Rule {
    /// The words it looks for.
    pub(super) fn texts(&self) -> impl Iterator<Item = &String> {
        self.subjects.iter().chain(&self.predicates)
    }

    /// The rule without the words that `keep` refuses; `None` if it can no longer match.
    pub(super) fn thinned(mut self, keep: &dyn Fn(&Signal, &str) -> bool) -> Option<Self> {
        let signal = Arc::clone(&self.signal);
        self.subjects.retain(|word| keep(&signal, word));
        self.predicates.retain(|word| keep(&signal, word));
        (!self.subjects.is_empty() && !self.predicates.is_empty()).then_some(self)
    }
}

/// Reads a file of rules; `None` if it cannot be read, which a test would see.
pub(super) fn parse(file: &str, text: &str) -> Option<Vec<Rule>> {
    let written: WrittenFile = toml::from_str(text).ok()?;
    written.rule.into_iter().map(|rule| rule.meant(file, text)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    rule: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    name: Spanned<String>,
    channel: Option<String>,
    status: Vec<u16>,
    subject: Vec<String>,
    predicate: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    in_order: bool,
    #[serde(default)]
    page: bool,
    #[serde(default)]
    refines: Vec<String>,
    /// Whether it is as plain as a code that a table lists, so that it may end a grant.
    #[serde(default)]
    proof: bool,
    reach: Option<usize>,
    back: Option<usize>,
    verdict: String,
    because: Option<String>,
}

impl WrittenRule {
    fn meant(self, file: &str, text: &str) -> Option<Rule> {
        let head = text.get(..self.name.span().start)?;
        let line = head
            .rfind("[[rule]]")
            .map_or(0, |at| head[..at].matches('\n').count() + 1);
        let signal = Signal {
            name: self.name.into_inner(),
            tier: if self.proof { Tier::Common } else { Tier::Words },
            file: file.to_owned(),
            line: u32::try_from(line).ok()?,
            channel: match self.channel {
                Some(channel) => Channel::parse(&channel)?,
                None => Channel::Inference,
            },
            status: self.status,
            field: Field::Any,
            pattern: Pattern::Contains(Needles::new(self.subject.clone())),
            all: Needles::default(),
            verdict: Verdict::parse(&self.verdict)?,
            because: self.because,
            help: None,
        };
        Some(Rule {
            signal: Arc::new(signal),
            subjects: self.subject,
            predicates: self.predicate,
            unless: self.unless,
            in_order: self.in_order,
            page: self.page,
            refines: self
                .refines
                .iter()
                .map(|word| Verdict::parse(word))
                .collect::<Option<_>>()?,
            back: self.back.unwrap_or(REACH_BACK),
            reach: self.reach.unwrap_or(REACH),
        })
    }
}

/// 48 bytes: eight words, as in `balance of your workspace for this billing period is too low`.
const REACH: usize = 48;
/// 16 bytes: `invalid api key`, `no active subscription`; further back the words belong to something else.
const REACH_BACK: usize = 16;
