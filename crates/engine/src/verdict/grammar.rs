//! The grammar of refusals: what a sentence or a code that no table lists says by its noun and what it says of it.
//!
//! It is asked after the tables and before the status. A rule has subjects (`api key`, `balance`) and predicates
//! (`expired`, `too low`); both have to stand near each other in one sentence. A code such as `AccountQuotaExhausted` or
//! `wallet_balance_too_low` is a sentence without spaces and is read as one.

use std::sync::Arc;

use super::evidence::Evidence;
use super::found::Shape;
use super::matching::{Hit, Plainness, Setting};
use super::rules::Rule;
use super::scan::Scanner;
use super::status::is_bare;
use super::ties::stronger;
use crate::provider::Signal;
use crate::vocabulary::Verdict;

/// The rules, compiled: one pass over an answer finds the words of all of them.
#[derive(Debug)]
pub(super) struct Grammar {
    rules: Vec<Rule>,
    scanner: Option<Scanner>,
    /// For each text of the scanner, who looks for it as what, and whether it is the stem of a word.
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
        let scanner = Scanner::new(&texts);
        Self { rules, scanner, uses }
    }

    /// Whether it has a machine: without one it would say nothing.
    #[cfg(test)]
    pub(super) const fn is_one_pass(&self) -> bool {
        self.scanner.is_some()
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
        let said = evidence.said();
        let words = self.words(said.text())?;
        let mut best = None;
        for (begun, saying) in said.places() {
            for (at, sentence) in sentences(saying).filter(|(_, one)| !is_bare(one)) {
                let (start, end) = (begun + at, begun + at + sentence.len());
                let from = words.partition_point(|word| word.start < start);
                let until = words.partition_point(|word| word.start < end);
                let here = words.get(from..until).unwrap_or_default();
                for place in predicated(here) {
                    let rule = &self.rules[place];
                    let asked = has(&rule.signal) && class.is_none_or(|class| rule.refines.contains(&class));
                    let admitted = asked && rule.admits(setting) && (!rule.page || evidence.shape() == Shape::Html);
                    if admitted && is_told(evidence.shape(), rule.verdict()) && obeys(rule, place, here) {
                        let signal: &Arc<_> = &rule.signal;
                        let plainness = Plainness::Phrase;
                        best = stronger(best, Hit { signal, plainness });
                    }
                }
            }
        }
        best
    }

    /// The words of all rules in a text, in its order.
    fn words(&self, text: &str) -> Option<Vec<Word>> {
        let mut words = Vec::with_capacity(WORDS);
        self.scanner.as_ref()?.scan(text, &mut |found, within| {
            if !begins_a_word(text, within.start) {
                return;
            }
            let whole = ends_a_word(text, within.end);
            let uses = self.uses[found].iter().filter(|one| one.stem || whole);
            words.extend(uses.map(|one| Word {
                rule: one.rule,
                part: one.part,
                start: within.start,
                end: within.end,
            }));
        });
        words.sort_unstable_by_key(|word| word.start);
        Some(words)
    }
}

/// The rules of which a sentence with these words has a predicate, in their order.
fn predicated(words: &[Word]) -> impl Iterator<Item = usize> {
    let mut last = None;
    std::iter::from_fn(move || {
        let rules = words
            .iter()
            .filter(|word| word.part == Part::Predicate)
            .map(|word| word.rule);
        last = rules.filter(|rule| last.is_none_or(|last| *rule > last)).min();
        last
    })
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

/// The sentences of a text, and where they begin; a masked text has no quotations that could hide a full stop.
fn sentences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = Some(0);
    let all = std::iter::from_fn(move || {
        let begun = next?;
        let rest = text.get(begun..)?;
        let end = end_of_sentence(rest);
        next = end.map(|(at, length)| begun + at + length);
        Some((begun, end.map_or(rest, |(at, _)| &rest[..at])))
    });
    all.filter(|(_, sentence)| !sentence.trim().is_empty())
}

/// Where a sentence ends, and the length of what ends it.
fn end_of_sentence(text: &str) -> Option<(usize, usize)> {
    let may_end = |byte: &u8| matches!(byte, b'\n' | b';' | b'!' | b'?' | b'.') || !byte.is_ascii();
    let mut at = 0;
    loop {
        at += text.as_bytes().get(at..)?.iter().position(may_end)?;
        let ending = |one: &&&str| text.as_bytes()[at..].starts_with(one.as_bytes());
        if let Some(end) = ENDS_OF_SENTENCES.iter().find(ending) {
            return Some((at, end.len()));
        }
        at += 1;
    }
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

/// What ends a sentence.
const ENDS_OF_SENTENCES: [&str; 9] = [". ", "\n", ";", "!", "?", "。", "，", "！", "；"];
/// 64 words: a sentence has a few, and an answer a few sentences.
const WORDS: usize = 64;
