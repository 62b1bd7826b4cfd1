//! The one classifier: total, pure, tier by tier.

use std::sync::Arc;

use super::decided::{Decided, of_provider, of_user};
use super::evidence::Evidence;
use super::found::Shape;
use super::grammar::is_told;
use super::matching::{Hit, Setting, one_by_one};
use super::reading::Reading;
use super::retry_after;
use super::sentence::Leads;
use super::status;
use super::tables::Tables;
use super::ties::{is_general, is_vague, stronger, yields_to_authentication};
use super::token;
use crate::protection::{Protection, stands};
use crate::provider::{Row, Signal, Tier};
use crate::time::Timestamp;
use crate::vocabulary::{Channel, Verdict};

/// Says what an answer means.
///
/// Tiers, the first that has an opinion decides: the user's signals (the first match), the provider's row, the common
/// table, the standards, the status. Inside a tier all matches are collected and the ties decide. A provider without a
/// row is read with the last three.
pub fn classify(row: Option<&Row>, channel: Channel, evidence: &Evidence<'_>, now: Timestamp) -> Reading {
    classify_by(Tables::built_in(), row, channel, evidence, now)
}

/// The same by other tables; for the audit of the rules.
pub fn classify_by(
    tables: &Tables,
    row: Option<&Row>,
    channel: Channel,
    evidence: &Evidence<'_>,
    now: Timestamp,
) -> Reading {
    let mut leads = None;
    let decided = match channel {
        Channel::Inference | Channel::Stream => inference(tables, row, channel, evidence, &mut leads),
        Channel::Token | Channel::Device => token::decide(tables, row, channel, evidence),
    };
    reading(&decided, row, evidence, now, leads)
}

fn reading(
    decided: &Decided<'_>,
    row: Option<&Row>,
    evidence: &Evidence<'_>,
    now: Timestamp,
    leads: Option<Leads>,
) -> Reading {
    let verdict = decided.verdict();
    let local_hours = row.map_or(0, |row| row.local_hours);
    let (retry_after, reset_source) = retry_after::read(verdict, evidence, now, local_hours, leads).unzip();
    Reading {
        verdict,
        signal: decided.signal(),
        retry_after,
        reset_source,
        fragment: evidence.fragment().to_owned(),
    }
}

/// What the user's own stream signals say of an event that no rule takes for an error.
pub(super) fn by_the_user(row: &Row, evidence: &Evidence<'_>, now: Timestamp) -> Option<Reading> {
    let setting = Setting {
        channel: Channel::Stream,
        status: None,
    };
    let own = row.signals.iter().filter(|signal| is_of_streams(signal));
    let hit = one_by_one(own, setting, evidence, None).next()?;
    let decided = Decided::Signal(hit.signal);
    (hit.signal.verdict != Verdict::Success).then(|| reading(&decided, Some(row), evidence, now, None))
}

/// Whether it is a signal of the user's for events of a stream.
pub(super) fn is_of_streams(signal: &Signal) -> bool {
    signal.tier == Tier::User && signal.channel == Channel::Stream
}

/// What decides; the leads of sentences that are met on the way to it are left in `leads`.
fn inference<'s>(
    tables: &'s Tables,
    row: Option<&'s Row>,
    channel: Channel,
    evidence: &Evidence<'_>,
    leads: &mut Option<Leads>,
) -> Decided<'s> {
    let rule = |(verdict, name)| Decided::Rule(verdict, name, Tier::Status);
    let hides_errors = row.is_some_and(|row| row.errors_in_200);
    let status = effective_status(channel, hides_errors, evidence);
    let setting = Setting { channel, status };
    let may_be_success = evidence.is_2xx() && !tells_an_error(channel, evidence);
    if let Some(hit) = of_user(row, setting, evidence, may_be_success) {
        return Decided::Signal(hit.signal);
    }
    if evidence.is_2xx() && evidence.shape() == Shape::Html {
        return rule((Verdict::EdgeBlocked, "page-instead-of-an-answer"));
    }
    if may_be_success && !could_hide_an_error(evidence) {
        return rule((Verdict::Success, "status-2xx"));
    }
    if !stands(Protection::WordsRead) {
        return rule(status::of_inference(status, evidence));
    }
    let (mut common, mut standard, mut authentication) = (None, None, None);
    let met = tables.of_inference(setting, evidence, |hit| {
        if !is_told(evidence.shape(), hit.signal.verdict) {
            return;
        }
        if hit.signal.tier == Tier::Standard {
            standard = stronger(standard.take(), hit);
            return;
        }
        if hit.signal.verdict == Verdict::Unauthenticated {
            authentication = Some(hit.signal);
        }
        common = stronger(common.take(), hit);
    });
    let noted = met.as_ref().map(|met| met.noted);
    *leads = met.map(|met| met.leads);
    if let Some(hit) = of_provider(row, setting, evidence, noted.as_ref()) {
        let over = over_the_row(hit, common, authentication);
        // A row's class that says nothing particular leaves the word to the sentence as well.
        let words = (over.tier == Tier::Provider && is_general(over.verdict))
            .then(|| tables.of_words(setting, evidence, None))
            .flatten();
        return Decided::Signal(words.map_or(over, |hit| hit.signal));
    }
    if let Some(hit) = common {
        return Decided::Signal(hit.signal);
    }
    if may_be_success {
        return rule((Verdict::Success, "status-2xx"));
    }
    // A class of the envelope that says nothing particular leaves the word to the sentence.
    let class = standard
        .map(|hit| hit.signal.verdict)
        .filter(|verdict| !is_vague(*verdict));
    match tables.of_words(setting, evidence, class).or(standard) {
        Some(hit) => Decided::Signal(hit.signal),
        None => rule(status::of_inference(status, evidence)),
    }
}

/// What a common marker may still change about a row's word: an authentication marker overrules a denial, and a class that
/// says nothing particular gives way.
fn over_the_row<'s>(hit: Hit<'s>, common: Option<Hit<'s>>, authentication: Option<&'s Arc<Signal>>) -> &'s Arc<Signal> {
    let verdict = hit.signal.verdict;
    match (common, authentication) {
        (_, Some(authentication)) if yields_to_authentication(verdict) => authentication,
        (Some(common), _) if is_general(verdict) => common.signal,
        (_, _) => hit.signal,
    }
}

/// The status that counts: an error inside a 2xx names its own; inside a stream, and at a provider that answers every
/// error with 200, there may be none.
fn effective_status(channel: Channel, hides_errors: bool, evidence: &Evidence<'_>) -> Option<u16> {
    let opened = evidence.is_2xx() || evidence.status() < 200;
    match (opened, evidence.inner_status()) {
        (true, Some(inner)) if is_registered(inner) => Some(inner),
        // A number of its own, such as iFlow's 449, tells no more than that it is an error.
        (true, Some(_)) => None,
        (true, None) if hides_errors || channel == Channel::Stream => None,
        _ => Some(evidence.status()),
    }
}

/// Whether HTTP, or those who stand before so many servers that it is as good, know this status of an error.
const fn is_registered(status: u16) -> bool {
    matches!(status, 400..=431 | 451 | 498 | 499 | 500..=511 | 520..=530)
}

/// Whether a 2xx says plainly that it is an error.
fn tells_an_error(channel: Channel, evidence: &Evidence<'_>) -> bool {
    let marks = evidence.found.marks;
    match evidence.shape() {
        Shape::Json => marks.error || names_a_status(evidence) || (channel == Channel::Stream && !marks.content),
        Shape::Events | Shape::Text => channel == Channel::Stream,
        Shape::Xml => marks.error,
        Shape::Empty | Shape::Form | Shape::Html => false,
    }
}

/// Whether a 2xx has nothing but words and a status of its own that is no success.
fn names_a_status(evidence: &Evidence<'_>) -> bool {
    could_hide_an_error(evidence) && evidence.inner_status().is_some()
}

/// Whether a 2xx has nothing but words, or but headers: then an unmistakable marker makes it an error.
fn could_hide_an_error(evidence: &Evidence<'_>) -> bool {
    let marks = evidence.found.marks;
    if evidence.shape() == Shape::Empty {
        return true;
    }
    evidence.shape() == Shape::Json && marks.object && !marks.content && !marks.other
}
