//! When to come back: every form in which headers, bodies and sentences tell it, and which of several counts.

use std::time::Duration;

use http::HeaderMap;

use super::clock::Clock;
use super::duration::{When, of_value};
use super::evidence::Evidence;
use super::header_names::ADVICE;
use super::reading::ResetSource;
use super::sentence::{self, Leads};
use super::windows::{self, Sheet};
use crate::protection::{Protection, stands};
use crate::time::Timestamp;
use crate::vocabulary::Verdict;

/// How long until it is worth trying again, if the answer says so, and what says it.
///
/// What is said of this request (`Retry-After`, a field of the body, a sentence) outweighs what is said of the account's
/// windows, because some tell there when a window is full again, not when the next request fits. Among windows those count
/// that are used up, and of them the latest. For an allowance that comes back by itself the latest of all these counts:
/// `Retry-After` is often a default there. A span outweighs a point in time beside it, because it needs no clock; a
/// point is compared with the answer's own `Date`, if it has one, because it is by the same clock. A sentence that names no zone
/// is by a clock that is `local_hours` east of UTC. Who has looked for the leads of sentences already hands them in.
pub(super) fn read(
    verdict: Verdict,
    evidence: &Evidence<'_>,
    now: Timestamp,
    local_hours: i8,
    leads: Option<Leads>,
) -> Option<(Duration, ResetSource)> {
    if verdict == Verdict::Success || !stands(Protection::ResetTold) {
        return None;
    }
    let headers = evidence.headers();
    let clock = &Clock::of(headers, now);
    let mut told = Telling {
        clock,
        latest: verdict == Verdict::UsageLimited,
        best: None,
    };
    told.hear(|| evidence.names.may_advise.then(|| advice(headers, clock)).flatten());
    told.hear(|| field(evidence, clock));
    told.hear(|| {
        let leads = leads.unwrap_or_else(|| Leads::of(evidence.kept()));
        of_sentences(evidence, &leads, clock, local_hours)
    });
    if told.best.is_some() && !told.latest {
        return told.best;
    }
    let of_answer = if evidence.names.may_tell_of_windows() {
        windows::read(Sheet::Answer(&evidence.names), clock)
    } else {
        windows::Windows::default()
    };
    let quoted = windows::read(Sheet::Quoted(&evidence.found), clock);
    let header = |(when, name): windows::Told<'_>| (when, ResetSource::Header(name.to_owned()));
    let quote = |(when, name): windows::Told<'_>| (when, ResetSource::Field(name.to_owned()));
    told.hear(|| of_answer.used_up.map(header));
    told.hear(|| quoted.used_up.map(quote));
    if told.best.is_some() {
        return told.best;
    }
    told.hear(|| of_answer.unknown.map(header));
    told.hear(|| quoted.unknown.map(quote));
    told.best
}

/// The best of what is told so far: the first, or the latest.
struct Telling<'c> {
    clock: &'c Clock<'c>,
    latest: bool,
    best: Option<(Duration, ResetSource)>,
}

impl Telling<'_> {
    fn hear(&mut self, next: impl FnOnce() -> Option<(When, ResetSource)>) {
        if self.best.is_some() && !self.latest {
            return;
        }
        if let Some((when, source)) = next() {
            let span = when.from(self.clock);
            if self.best.as_ref().is_none_or(|(known, _)| span > *known) {
                self.best = Some((span, source));
            }
        }
    }
}

/// `Retry-After` and its finer or vendor-specific forms, the finest first.
fn advice(headers: &HeaderMap, clock: &Clock<'_>) -> Option<(When, ResetSource)> {
    ADVICE.iter().find_map(|(name, unit)| {
        let value = headers.get(*name)?.to_str().ok()?;
        let when = of_value(value, *unit, clock)?;
        Some((when, ResetSource::Header((*name).to_owned())))
    })
}

/// A field of the body, or a header that it quotes; spans first.
fn field(evidence: &Evidence<'_>, clock: &Clock<'_>) -> Option<(When, ResetSource)> {
    let found = &evidence.found;
    let mut point = None;
    for hint in found.hints.iter().filter(|hint| !hint.is_window) {
        let Some(when) = of_value(found.value(hint), hint.unit, clock) else {
            continue;
        };
        let told = (when, hint);
        match when {
            When::In(_) => return Some((when, ResetSource::Field(found.name(hint).to_owned()))),
            When::At(_) => point = point.or(Some(told)),
        }
    }
    point.map(|(when, hint)| (when, ResetSource::Field(found.name(hint).to_owned())))
}

fn of_sentences(
    evidence: &Evidence<'_>,
    leads: &Leads,
    clock: &Clock<'_>,
    local_hours: i8,
) -> Option<(When, ResetSource)> {
    evidence.sentences().find_map(|part| {
        let (when, words) = sentence::read(evidence.kept(), part, leads, clock, local_hours)?;
        Some((when, ResetSource::Words(words)))
    })
}
