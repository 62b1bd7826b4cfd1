//! When to come back, said in a sentence: `Please try again in 1m32.5s`, `resets 3pm (UTC)`, `reset at Feb 3rd`.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

use super::clock::Clock;
use super::duration::{self, When};
use super::point;
use super::sieve::Sieve;

/// Where in a text words stand by which sentences come to a time.
#[derive(Debug, Default)]
pub(super) struct Leads(Vec<Lead>);

/// Such words, by their place among all of them, and where they stand.
#[derive(Clone, Copy, Debug)]
struct Lead {
    lead: usize,
    start: usize,
    end: usize,
}

impl Leads {
    /// Those in that text.
    pub(super) fn of(text: &str) -> Self {
        let mut leads = Self::default();
        if let Some(sieve) = LEAD_SIEVE.as_ref() {
            sieve.scan(text, &mut |lead, within| leads.add(lead, within));
        }
        leads
    }

    /// Adds one, by its place among all of them.
    pub(super) fn add(&mut self, lead: usize, within: Range<usize>) {
        let (start, end) = (within.start, within.end);
        self.0.push(Lead { lead, start, end });
    }
}

/// When a sentence (in lower case) says to come back, and the words by which it does; the sentence is that part of a text in
/// which these leads stand.
pub(super) fn read(
    kept: &str,
    part: Range<usize>,
    leads: &Leads,
    clock: &Clock<'_>,
    local_hours: i8,
) -> Option<(When, &'static str)> {
    if leads.0.is_empty() {
        return None;
    }
    let text = kept.get(part.clone())?;
    let here = leads
        .0
        .iter()
        .filter(|lead| part.start <= lead.start && lead.end <= part.end);
    let mut here: Vec<Lead> = here.copied().collect();
    // Of those that begin together the longest, and none that begins within another.
    here.sort_unstable_by_key(|lead| (lead.start, Reverse(lead.end)));
    let mut read = part.start;
    here.into_iter().find_map(|Lead { lead, start, end }| {
        if start < read {
            return None;
        }
        read = end;
        let (start, end) = (start - part.start, end - part.start);
        after_words(text, Lead { lead, start, end }, clock, local_hours)
    })
}

fn after_words(text: &str, lead: Lead, clock: &Clock<'_>, local_hours: i8) -> Option<(When, &'static str)> {
    let before = text[..lead.start].chars().next_back();
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let (words, rest) = (LEADS[lead.lead], &text[lead.end..]);
    // `limit reached for 5 hours` names the window, `limit reached|1767225660` its end.
    if words == BEFORE_A_BAR && !rest.starts_with('|') {
        return None;
    }
    Some((after_lead(rest, clock, local_hours)?, words))
}

fn after_lead(text: &str, clock: &Clock<'_>, local_hours: i8) -> Option<When> {
    // `resets`, `renewed`, `retrying`
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &text[..text.len() - rest.len()];
    if !ENDINGS.contains(&ending) {
        return None;
    }
    let (mut rest, mut is_led, mut is_span) = (rest, false, false);
    for _ in 0..FILLERS_AT_MOST {
        let trimmed = rest.trim_start_matches(BETWEEN);
        let between = &rest[..rest.len() - trimmed.len()];
        if between.ends_with('-') && trimmed.starts_with(|c: char| c.is_ascii_digit()) {
            // A negative number.
            return None;
        }
        is_led |= between.contains([':', '=', '|']);
        rest = trimmed;
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = &rest[..length];
        if OF_SPANS.contains(&word) {
            (is_led, is_span) = (true, true);
        } else if OF_POINTS.contains(&word) {
            (is_led, is_span) = (true, false);
        } else if !FILLERS.contains(&word) {
            break;
        }
        rest = &rest[length..];
    }
    let span = || {
        let (span, _) = duration::leading(rest)?;
        // A number that nothing leads to and no unit follows counts something else.
        (is_led || !duration::is_bare(rest)).then_some(When::In(span))
    };
    let point = || point::leading(rest, clock.now(), local_hours).map(|(point, _)| When::At(point));
    let epoch = || {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let digits = rest.get(..end).filter(|digits| digits.len() >= 10 && is_led)?;
        duration::of_value(digits, duration::Unit::Seconds, clock)
    };
    let when = epoch();
    if is_span {
        when.or_else(span).or_else(point)
    } else {
        when.or_else(point).or_else(span)
    }
}

static LEAD_SIEVE: LazyLock<Option<Sieve>> = LazyLock::new(|| Sieve::new(&LEADS.map(str::to_owned)));

/// The words by which sentences come to a time.
pub(super) const LEADS: [&str; 33] = [
    "try again",
    "tried again",
    "retry",
    "reset",
    "wait",
    "available",
    "come back",
    "renew",
    "refresh",
    "replenish",
    "refill",
    "regenerate",
    "unlock",
    "lifted",
    "resume",
    "restored",
    "next request",
    "next attempt",
    "another request",
    "request again",
    "send again",
    "use it again",
    "continue",
    "cooldown",
    "cool down",
    "back off",
    "backoff",
    "blocked",
    "suspended",
    "limited",
    "paused",
    "throttled",
    BEFORE_A_BAR,
];
const BEFORE_A_BAR: &str = "limit reached";
/// What a lead may end with.
const ENDINGS: [&str; 7] = ["", "s", "es", "ed", "ing", "ting", "ly"];
/// What may stand between a lead and its time without a meaning of its own.
const BETWEEN: [char; 14] = [' ', ':', '~', '=', '≈', ',', '-', '(', '|', '_', '>', '*', '"', '\''];
/// Words that come before a span.
const OF_SPANS: [&str; 5] = ["in", "after", "for", "within", "another"];
/// Words that come before a point in time.
const OF_POINTS: [&str; 6] = ["at", "on", "until", "till", "by", "from"];
/// Words that say nothing of the time that they stand before.
const FILLERS: [&str; 28] = [
    "about",
    "approximately",
    "approx",
    "around",
    "roughly",
    "again",
    "be",
    "is",
    "will",
    "the",
    "than",
    "less",
    "up",
    "to",
    "at",
    "least",
    "next",
    "date",
    "time",
    "delay",
    "period",
    "request",
    "requests",
    "it",
    "automatically",
    "temporarily",
    "now",
    "window",
];
/// 6 words: `will be available again in about`.
const FILLERS_AT_MOST: usize = 8;
