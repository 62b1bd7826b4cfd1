//! The grammar of refusals: what a sentence or a code that no table lists says by its noun and what it says of it.
//!
//! It is asked after the tables and before the status. A rule has subjects (`api key`, `balance`) and predicates
//! (`expired`, `too low`); both have to stand near each other in one sentence. A code such as `AccountQuotaExhausted` or
//! `wallet_balance_too_low` is a sentence without spaces and is read as one.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::evidence::Evidence;
use super::found::Shape;
use super::matching::{Hit, Plainness, Setting};
use super::rules::Rule;
use super::status::is_bare;
use super::ties::stronger;
use crate::provider::Signal;
use crate::vocabulary::Verdict;

/// The rules, compiled: one pass over a sentence finds the words of all of them.
#[derive(Debug)]
pub(super) struct Grammar {
    rules: Vec<Rule>,
    automaton: Option<AhoCorasick>,
    /// For each text of the automaton, who looks for it as what, and whether it is the stem of a word.
    uses: Vec<Vec<Use>>,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    rule: usize,
    part: Part,
    stem: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Subject,
    Predicate,
    Unless,
}

/// A word of a rule in a sentence.
#[derive(Clone, Copy, Debug)]
struct Word {
    rule: usize,
    part: Part,
    start: usize,
    end: usize,
}

impl Grammar {
    /// Compiles the rules.
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let (mut texts, mut uses): (Vec<String>, Vec<Vec<Use>>) = (Vec::new(), Vec::new());
        for (place, rule) in rules.iter().enumerate() {
            let parts = [
                (&rule.subjects, Part::Subject),
                (&rule.predicates, Part::Predicate),
                (&rule.unless, Part::Unless),
            ];
            for (words, part) in parts {
                for word in words {
                    let (text, stem) = word
                        .strip_suffix('*')
                        .map_or((word.as_str(), false), |stem| (stem, true));
                    let at = texts.iter().position(|known| known == text).unwrap_or_else(|| {
                        texts.push(text.to_owned());
                        uses.push(Vec::new());
                        texts.len() - 1
                    });
                    let rule = place;
                    uses[at].push(Use { rule, part, stem });
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(&texts)
            .ok();
        Self { rules, automaton, uses }
    }

    /// The strongest of the rules that a sentence of the answer obeys; over a class that says something already, only of
    /// those that refine it.
    pub(super) fn read<'s>(
        &'s self,
        setting: Setting,
        evidence: &Evidence<'_>,
        class: Option<Verdict>,
        has: &dyn Fn(&Signal) -> bool,
    ) -> Option<Hit<'s>> {
        let automaton = self.automaton.as_ref()?;
        let mut best = None;
        let mut words = Vec::new();
        for sentence in evidence.sayings().flat_map(sentences).filter(|one| !is_bare(one)) {
            words.clear();
            for found in automaton.find_overlapping_iter(sentence) {
                let (start, end) = (found.start(), found.end());
                if !begins_a_word(sentence, start) {
                    continue;
                }
                let whole = ends_a_word(sentence, end);
                let uses = self.uses[found.pattern().as_usize()].iter();
                words.extend(uses.filter(|one| one.stem || whole).map(|one| Word {
                    rule: one.rule,
                    part: one.part,
                    start,
                    end,
                }));
            }
            for (place, rule) in self.rules.iter().enumerate() {
                let asked = has(&rule.signal) && class.is_none_or(|class| rule.refines.contains(&class));
                let admitted = asked && rule.admits(setting) && (!rule.page || evidence.shape() == Shape::Html);
                if admitted && is_told(evidence.shape(), rule.verdict()) && obeys(rule, place, &words) {
                    let signal: &Arc<_> = &rule.signal;
                    let plainness = Plainness::Phrase;
                    best = stronger(best, Hit { signal, plainness });
                }
            }
        }
        best
    }
}

/// Whether a body of that shape can tell this at all: a page is written by what stands before the API, and knows neither
/// models nor prompts nor what an account may do.
pub(super) const fn is_told(shape: Shape, verdict: Verdict) -> bool {
    !(matches!(shape, Shape::Html)
        && matches!(
            verdict,
            Verdict::ContentBlocked
                | Verdict::ContextTooLong
                | Verdict::ModelUnavailable
                | Verdict::InvalidRequest
                | Verdict::InsufficientScope
                | Verdict::NotEntitled
                | Verdict::AccountDisabled
                | Verdict::UpstreamLimited
        ))
}

fn obeys(rule: &Rule, place: usize, words: &[Word]) -> bool {
    let mine = || words.iter().filter(|word| word.rule == place);
    if mine().any(|word| word.part == Part::Unless) {
        return false;
    }
    let subjects = || mine().filter(|word| word.part == Part::Subject);
    mine().filter(|word| word.part == Part::Predicate).any(|predicate| {
        subjects().any(|subject| {
            let after = predicate.start >= subject.end && predicate.start - subject.end <= rule.reach;
            let before = subject.start >= predicate.end && subject.start - predicate.end <= rule.back;
            after || (before && !rule.in_order)
        })
    })
}

/// The sentences of a text; a masked text has no line breaks and no quotations that could hide a full stop.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', ';', '!', '?', '。', '，', '！', '；'])
        .flat_map(|part| part.split(". "))
        .filter(|sentence| !sentence.trim().is_empty())
}

/// Whether a word begins here; other scripts than the Latin one have no spaces to tell.
fn begins_a_word(sentence: &str, at: usize) -> bool {
    let next = sentence.as_bytes().get(at).copied().unwrap_or_default();
    let before = at.checked_sub(1).and_then(|at| sentence.as_bytes().get(at)).copied();
    !next.is_ascii_alphanumeric() || !before.is_some_and(is_of_a_word)
}

fn ends_a_word(sentence: &str, at: usize) -> bool {
    let last = at.checked_sub(1).and_then(|at| sentence.as_bytes().get(at)).copied();
    let after = sentence.as_bytes().get(at).copied();
    !last.is_some_and(|byte| byte.is_ascii_alphanumeric()) || !after.is_some_and(is_of_a_word)
}

const fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
