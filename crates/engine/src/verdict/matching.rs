//! Which signals of a table an answer matches.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderName;

use super::evidence::Evidence;
use super::found::{Role, Span};
use super::header_names;
use super::noted::Noted;
use super::sentence::Leads;
use super::short::Texts;
use super::sieve::Sieve;
use super::wording::trimmed;
use crate::protection::{Protection, stands};
use crate::provider::{Field, Needles, Pattern, Signal};
use crate::vocabulary::Channel;

/// A signal that matched, and how plainly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<'s> {
    pub(super) signal: &'s Arc<Signal>,
    pub(super) plainness: Plainness,
}

/// How plain a match is: a documented word outweighs a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plainness {
    /// The status alone.
    Status,
    /// A part of a sentence.
    Phrase,
    /// A code, a type, or a whole field.
    Constant,
}

/// What an answer is matched under.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) channel: Channel,
    /// The status that counts; `None` inside a stream whose event names none: then every status is possible.
    pub(super) status: Option<u16>,
}

impl Setting {
    /// Whether a signal is read here at all: an inference signal is read inside a stream as well, because a stream's
    /// error has the same words, and a token signal while a device polls the same endpoint.
    fn admits(self, signal: &Signal) -> bool {
        let channel = match (signal.channel, self.channel) {
            (Channel::Inference, Channel::Inference | Channel::Stream)
            | (Channel::Stream, Channel::Stream)
            | (Channel::Token, Channel::Token | Channel::Device)
            | (Channel::Device, Channel::Device) => true,
            (Channel::Inference, Channel::Token | Channel::Device)
            | (Channel::Stream, Channel::Inference | Channel::Token | Channel::Device)
            | (Channel::Token | Channel::Device, Channel::Inference | Channel::Stream)
            | (Channel::Device, Channel::Token) => false,
        };
        let has_text = || signal.pattern != Pattern::Present || !signal.all.is_empty();
        let status = match self.status {
            Some(status) => signal.status.is_empty() || signal.status.contains(&status),
            None => signal.status.is_empty() || has_text(),
        };
        channel && status
    }
}

/// Matches a row's few signals one by one, in their order; what was noted need not be looked for.
pub(super) fn one_by_one<'s>(
    signals: impl Iterator<Item = &'s Arc<Signal>>,
    setting: Setting,
    evidence: &Evidence<'_>,
    noted: Option<&Noted>,
) -> impl Iterator<Item = Hit<'s>> {
    signals.filter_map(move |signal| {
        // Most signals of a row end here, and most that ask for a header.
        match &signal.field {
            Field::Header(name) if !evidence.names.may_have(name) => return None,
            Field::Header(_) => {}
            Field::Code | Field::Type | Field::Error | Field::Message | Field::Any => {
                let may_have = |noted: &Noted| match &signal.pattern {
                    Pattern::Contains(needles) => noted.may_have(needles),
                    Pattern::Equals(texts) => noted.may_be_one_of(texts),
                    Pattern::Prefix(_) | Pattern::Present => true,
                };
                if !noted.is_none_or(may_have) {
                    return None;
                }
            }
        }
        if !setting.admits(signal) {
            return None;
        }
        let plainness = match &signal.field {
            Field::Header(name) => of_header(name, &signal.pattern, evidence)?,
            Field::Code | Field::Type | Field::Error | Field::Message | Field::Any => of_body(signal, evidence, noted)?,
        };
        (signal.all.is_empty() || has_all(&signal.all, evidence, noted)).then_some(Hit { signal, plainness })
    })
}

/// Whether each of these stands in a field.
fn has_all(needles: &Needles, evidence: &Evidence<'_>, noted: Option<&Noted>) -> bool {
    let told = noted.and_then(|noted| noted.has_all(needles));
    told.unwrap_or_else(|| {
        let in_a_field = |part| evidence.field_around(&part).is_some();
        let mut all = needles.places(evidence.kept());
        all.all(|mut places| places.any(in_a_field))
    })
}

/// How plainly a header of that name has it, in whatever case.
fn of_header(name: &HeaderName, pattern: &Pattern, evidence: &Evidence<'_>) -> Option<Plainness> {
    evidence.names.of(name, |value| {
        let value = trimmed(value.to_str().ok()?);
        let begins = |text: &String| {
            let head = value.as_bytes().get(..text.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(text.as_bytes()))
        };
        match pattern {
            Pattern::Equals(texts) => texts
                .iter()
                .any(|text| value.eq_ignore_ascii_case(text))
                .then_some(Plainness::Constant),
            Pattern::Prefix(texts) => texts.iter().any(begins).then_some(Plainness::Constant),
            Pattern::Contains(needles) => lowered(value, |value| needles.are_in(value)).then_some(Plainness::Phrase),
            Pattern::Present => Some(Plainness::Phrase),
        }
    })
}

/// Looks at a header's value in lower case.
fn lowered(value: &str, look: impl Fn(&str) -> bool) -> bool {
    let mut buffer = [0; HEADER_LENGTH];
    let Some(lower) = buffer.get_mut(..value.len()) else {
        return look(&value.to_ascii_lowercase());
    };
    lower.copy_from_slice(value.as_bytes());
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).is_ok_and(look)
}

/// How plainly a body has what the signal looks for.
fn of_body(signal: &Signal, evidence: &Evidence<'_>, noted: Option<&Noted>) -> Option<Plainness> {
    if signal.pattern == Pattern::Present {
        let by_status = signal.all.is_empty();
        return Some(if by_status {
            Plainness::Status
        } else {
            Plainness::Phrase
        });
    }
    if let (Pattern::Contains(needles), Some(noted)) = (&signal.pattern, noted)
        && let Some(roles) = noted.roles(needles)
    {
        let here = roles & roles_of(&signal.field);
        let is_plain = here & (bit_of(Role::Code) | bit_of(Role::Type)) != 0;
        let plainness = if is_plain {
            Plainness::Constant
        } else {
            Plainness::Phrase
        };
        return (here != 0).then_some(plainness);
    }
    // One look at all that is kept finds it in whichever field it stands; codes are few and short.
    if let (Pattern::Contains(needles), Field::Any | Field::Message) = (&signal.pattern, &signal.field) {
        let fields = needles
            .places(evidence.kept())
            .flatten()
            .filter_map(|part| evidence.field_around(&part));
        let roles = fields
            .map(|field| field.role)
            .filter(|role| looks_at(&signal.field, *role));
        return roles.map(of_part).max();
    }
    evidence
        .fields_of(|role| looks_at(&signal.field, role))
        .filter_map(|(role, text)| {
            let plainness = of_text(&signal.pattern, text)?;
            Some(plainness.max(of_part(role)))
        })
        .max()
}

fn of_text(pattern: &Pattern, text: &str) -> Option<Plainness> {
    match pattern {
        Pattern::Contains(needles) => needles.are_in(text).then_some(Plainness::Phrase),
        Pattern::Equals(needles) => needles
            .iter()
            .any(|needle| text == needle)
            .then_some(Plainness::Constant),
        Pattern::Prefix(needles) => needles
            .iter()
            .any(|needle| text.starts_with(needle.as_str()))
            .then_some(Plainness::Constant),
        Pattern::Present => Some(Plainness::Phrase),
    }
}

/// How plain a part of a field of that role is.
const fn of_part(role: Role) -> Plainness {
    match role {
        Role::Code | Role::Type => Plainness::Constant,
        Role::Error | Role::Message | Role::Words => Plainness::Phrase,
    }
}

fn looks_at(field: &Field, role: Role) -> bool {
    match field {
        Field::Any => true,
        Field::Code => role == Role::Code,
        Field::Type => role == Role::Type,
        Field::Error => role == Role::Error,
        Field::Message => role == Role::Message,
        Field::Header(_) => false,
    }
}

/// The roles of the fields that are looked at, a bit each.
fn roles_of(field: &Field) -> u8 {
    let roles = [Role::Code, Role::Type, Role::Error, Role::Message, Role::Words];
    let looked_at = roles.into_iter().filter(|role| looks_at(field, *role));
    looked_at.map(bit_of).fold(0, |bits, bit| bits | bit)
}

const fn bit_of(role: Role) -> u8 {
    1 << role as u8
}

/// A large table of signals, compiled: whole fields are looked up, all other texts are looked for in one pass.
#[derive(Debug)]
pub(super) struct Compiled {
    signals: Vec<Arc<Signal>>,
    /// Signals without a text in a body, each with the bits of which its header's name has one: they are asked one by one.
    bodiless: Vec<(u64, usize)>,
    /// For each text that is a whole field, the signals that want it.
    whole: Texts<Vec<usize>>,
    sieve: Option<Sieve>,
    /// For each text of the sieve, the signals that look for it.
    uses: Vec<Vec<Use>>,
    /// Whether the leads of sentences, and the texts of rows, are among the texts.
    is_shared: bool,
}

/// What was met on the way that is no signal of the table.
#[derive(Debug)]
pub(super) struct Met {
    /// The leads of sentences.
    pub(super) leads: Leads,
    /// The texts of built-in rows.
    pub(super) noted: Noted,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    signal: usize,
    part: Part,
    /// The roles of the fields that the signal looks at, a bit each.
    roles: u8,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Contains,
    Prefix,
    /// One of the texts that must all be there, by its place in the list.
    All(u32),
    /// No signal's: words by which sentences come to a time, by their place among these.
    Lead,
    /// A text of a built-in row, by its place among these.
    Noted,
}

/// How far signals have matched so far, each at its place in the table.
struct Progress {
    /// Those of which anything was met, a bit each.
    met: [u64; SIGNALS / WORD],
    plainness: [Option<Plainness>; SIGNALS],
    all: [u32; SIGNALS],
}

impl Progress {
    const fn none() -> Self {
        Self {
            met: [0; SIGNALS / WORD],
            plainness: [None; SIGNALS],
            all: [0; SIGNALS],
        }
    }

    #[inline(always)]
    fn advance(&mut self, signal: usize, plainness: Option<Plainness>, all: u32) {
        self.met[signal / WORD] |= 1 << (signal % WORD);
        self.plainness[signal] = self.plainness[signal].max(plainness);
        self.all[signal] |= all;
    }

    /// Calls `hit` with those of which all was met, in the order of the table, which decides between equals.
    fn complete<'s>(&self, signals: &'s [Arc<Signal>], mut hit: impl FnMut(Hit<'s>)) {
        for (at, word) in self.met.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                let place = at * WORD + left.trailing_zeros() as usize;
                let signal = &signals[place];
                if let Some(plainness) = self.plainness[place]
                    && self.all[place].count_ones() as usize == signal.all.len()
                {
                    hit(Hit { signal, plainness });
                }
                left &= left - 1;
            }
        }
    }
}

impl Compiled {
    /// Compiles a table, and the leads of sentences and the texts of rows that are looked for on the way; lists of `all`
    /// beyond 31 texts are asked one by one.
    pub(super) fn new(signals: Vec<Arc<Signal>>, leads: &[&str], noted: &[String]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut uses: Vec<Vec<Use>> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        let mut whole: Texts<Vec<usize>> = Texts::default();
        let mut bodiless = Vec::new();
        let mut add = |text: &str, one: Use| {
            let at = *index.entry(text.to_owned()).or_insert_with(|| {
                texts.push(text.to_owned());
                uses.push(Vec::new());
                texts.len() - 1
            });
            uses[at].push(one);
        };
        let is_shared = !leads.is_empty() || !noted.is_empty();
        let leads = leads.iter().enumerate().map(|(at, lead)| (at, *lead, Part::Lead));
        let noted = noted
            .iter()
            .enumerate()
            .map(|(at, text)| (at, text.as_str(), Part::Noted));
        for (signal, text, part) in leads.chain(noted) {
            let roles = u8::MAX;
            add(text, Use { signal, part, roles });
        }
        for (place, signal) in signals.iter().enumerate() {
            if matches!(signal.field, Field::Header(_)) || signal.pattern == Pattern::Present || signal.all.len() > 31 {
                let bits = match &signal.field {
                    Field::Header(name) => header_names::bit_of(name.as_str().as_bytes()),
                    Field::Code | Field::Type | Field::Error | Field::Message | Field::Any => u64::MAX,
                };
                bodiless.push((bits, place));
                continue;
            }
            let roles = roles_of(&signal.field);
            let mut add = |text: &String, part: Part| {
                let signal = place;
                add(text, Use { signal, part, roles });
            };
            match &signal.pattern {
                Pattern::Contains(_) => signal.pattern.texts().iter().for_each(|text| add(text, Part::Contains)),
                Pattern::Prefix(needles) => needles.iter().for_each(|text| add(text, Part::Prefix)),
                Pattern::Equals(needles) => {
                    for text in needles {
                        whole.entry(text).push(place);
                    }
                }
                Pattern::Present => {}
            }
            for (at, text) in signal.all.iter().enumerate() {
                add(text, Part::All(1 << at));
            }
        }
        let sieve = Sieve::new(&texts).filter(|_| signals.len() <= SIGNALS);
        Self {
            signals,
            bodiless,
            whole,
            sieve,
            uses,
            is_shared,
        }
    }

    /// Whether it is read in one pass, so that its length does not count.
    #[cfg(test)]
    pub(super) const fn is_one_pass(&self) -> bool {
        self.sieve.is_some()
    }

    /// Calls `hit` with every signal that matches, in the order of the table; gives back what else was met on the
    /// way, if that was looked for.
    pub(super) fn matches<'s>(
        &'s self,
        setting: Setting,
        evidence: &Evidence<'_>,
        mut hit: impl FnMut(Hit<'s>),
    ) -> Option<Met> {
        let Some(sieve) = self.sieve.as_ref().filter(|_| stands(Protection::CompiledTables)) else {
            one_by_one(self.signals.iter(), setting, evidence, None).for_each(hit);
            return None;
        };
        let (mut leads, mut noted) = (Leads::default(), Noted::default());
        let mut field = Span::default();
        let mut progress = Progress::none();
        for (role, text) in evidence.fields() {
            noted.add_length(text.len());
            if text.len() > WHOLE_LENGTH {
                continue;
            }
            for signal in self.whole.get(text).into_iter().flatten() {
                if looks_at(&self.signals[*signal].field, role) {
                    progress.advance(*signal, Some(Plainness::Constant), 0);
                }
            }
        }
        // All fields in one go; what is found across two of them, or outside of all, is nothing.
        sieve.scan(evidence.kept(), &mut |found, within| {
            // Most stand where the one before stood.
            if !field.holds(&within) {
                let Some(around) = evidence.field_around(&within) else {
                    return;
                };
                field = around;
            }
            let (role, is_first) = (field.role, field.start as usize == within.start);
            for one in &self.uses[found] {
                let here = one.roles & bit_of(role) != 0;
                match one.part {
                    Part::Contains if here => progress.advance(one.signal, Some(of_part(role)), 0),
                    Part::Prefix if is_first && here => {
                        progress.advance(one.signal, Some(Plainness::Constant), 0);
                    }
                    Part::All(bit) => progress.advance(one.signal, None, bit),
                    Part::Contains | Part::Prefix => {}
                    Part::Lead => leads.add(one.signal, within.clone()),
                    Part::Noted => noted.add(one.signal, role),
                }
            }
        });
        progress.complete(&self.signals, |one| {
            if setting.admits(one.signal) {
                hit(one);
            }
        });
        let may_be = |bits: u64| bits == u64::MAX || evidence.names.may_have_bit(bits);
        let bodiless = self.bodiless.iter().filter(|(bits, _)| may_be(*bits));
        let bodiless = bodiless.map(|(_, place)| &self.signals[*place]);
        one_by_one(bodiless, setting, evidence, None).for_each(hit);
        self.is_shared.then_some(Met { leads, noted })
    }
}

/// 128 signals: half as many again as the larger table has; one that had more would be asked one by one.
const SIGNALS: usize = 128;
/// The bits of a word.
const WORD: usize = 64;
/// 256 bytes: a header that a signal asks for is a word or a list of few.
const HEADER_LENGTH: usize = 256;
/// 96 bytes: the longest code of any table has 60; a longer field is a sentence and is not looked up.
const WHOLE_LENGTH: usize = 96;
