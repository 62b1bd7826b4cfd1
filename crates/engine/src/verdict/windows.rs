//! What headers tell of a limit's windows: which of them is used up, and when it opens again.

use super::clock::Clock;
use super::duration::{Unit, When, number, of_value};
use super::found::{Found, Hint};
use super::header_names::{CLAIM, HeaderNames, is_structured, reset_in};
use super::keys;
use super::wording::trimmed;

/// Headers, those of an answer or those that a body quotes.
#[derive(Clone, Copy)]
pub(super) enum Sheet<'e> {
    /// Of the answer itself.
    Answer(&'e HeaderNames<'e>),
    /// Of its body, in an error frame or in an aggregator's metadata.
    Quoted(&'e Found),
}

/// The time that a header tells, and its name.
pub(super) type Told<'e> = (When, &'e str);

/// What the windows of one answer say.
#[derive(Default)]
pub(super) struct Windows<'e> {
    /// The latest end of those that are used up.
    pub(super) used_up: Option<Told<'e>>,
    /// The earliest end of those of which nothing tells whether they are.
    pub(super) unknown: Option<Told<'e>>,
}

/// How a window stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    UsedUp,
    Open,
    Unknown,
}

/// Reads `x-ratelimit-reset*`, `anthropic-ratelimit-*-reset`, `x-codex-*-reset-*`, `RateLimit` and their like.
pub(super) fn read<'e>(sheet: Sheet<'e>, clock: &Clock<'_>) -> Windows<'e> {
    let mut windows = Windows::default();
    let mut claim = None;
    sheet.each(|name, value| {
        if is_structured(name.as_bytes()) {
            structured(sheet, (name, value), &mut windows, clock);
        } else if let Some(at) = reset_in(name) {
            // The same window's end as a span needs no clock.
            let beside = name[at..]
                .starts_with("reset-at")
                .then(|| [&name[..at], "reset-after-seconds", ""]);
            if beside.is_some_and(|span| sheet.sibling(span).is_some()) {
                return;
            }
            // A number without a unit of its own does not end like that.
            let unit = if value.ends_with('s') {
                Unit::Seconds
            } else {
                keys::header_unit(name)
            };
            if let Some(when) = of_value(value, unit, clock) {
                windows.add(sheet.standing(name, at), (when, name), clock);
            }
        } else if name == CLAIM {
            claim = Some(value);
        }
    });
    if let Some(named) = claim.and_then(|claim| claimed(sheet, claim, clock)) {
        windows.used_up = Some(named);
    }
    windows
}

impl<'e> Windows<'e> {
    fn add(&mut self, standing: Standing, told: Told<'e>, clock: &Clock<'_>) {
        let span = |told: &Told<'_>| told.0.from(clock);
        match standing {
            Standing::UsedUp => {
                let is_later = self.used_up.as_ref().is_none_or(|known| span(&told) > span(known));
                self.used_up = if is_later { Some(told) } else { self.used_up };
            }
            Standing::Unknown => {
                // A window that resets now is hardly the one that is in the way.
                let is_better = self
                    .unknown
                    .as_ref()
                    .is_none_or(|known| span(known).is_zero() || (!span(&told).is_zero() && span(&told) < span(known)));
                self.unknown = if is_better { Some(told) } else { self.unknown };
            }
            Standing::Open => {}
        }
    }
}

impl<'e> Sheet<'e> {
    /// Every header that may tell of a limit.
    fn each(self, mut read: impl FnMut(&'e str, &'e str)) {
        match self {
            Self::Answer(names) => {
                for (name, value) in names.of_windows() {
                    if let Ok(value) = value.to_str() {
                        read(name, value);
                    }
                }
            }
            Self::Quoted(found) => {
                for hint in found.hints.iter().filter(|hint| hint.is_window) {
                    read(found.name(hint), found.value(hint));
                }
            }
        }
    }

    /// The value of the first header whose name is meant.
    fn find(self, is_it: impl Fn(&str) -> bool) -> Option<&'e str> {
        match self {
            Self::Answer(names) => names.find(is_it)?.1.to_str().ok(),
            Self::Quoted(found) => {
                let named = |hint: &&Hint| hint.is_window && is_it(found.name(hint));
                found.hints.iter().find(named).map(|hint| found.value(hint))
            }
        }
    }

    /// The value of the header whose name these parts make up.
    fn sibling(self, parts: [&str; 3]) -> Option<&'e str> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let is_it = |name: &str| {
            // Most are refused by this alone.
            if name.len() != length {
                return false;
            }
            let mut rest = Some(name);
            for part in parts.iter().filter(|part| !part.is_empty()) {
                rest = rest.and_then(|rest| rest.strip_prefix(part));
            }
            rest.is_some()
        };
        self.find(is_it)
    }

    /// How the window stands whose end the header of that name tells; `reset` begins `at` there.
    fn standing(self, name: &str, at: usize) -> Standing {
        let (before, after) = (&name[..at], &name[at + "reset".len()..]);
        let number = |parts| self.sibling(parts).and_then(|text| number(trimmed(text)));
        let left = number([before, "remaining", after]).or_else(|| {
            let short = TAILS.iter().find_map(|tail| after.strip_suffix(tail))?;
            number([before, "remaining", short])
        });
        if let Some(left) = left {
            return of(left <= 0.0);
        }
        if let Some(status) = self.sibling([before, "status", ""]) {
            return of(CLOSED.contains(&status));
        }
        if let Some(percent) = number([before, "used-percent", ""]) {
            return of(percent >= 100.0);
        }
        number([before, "utilization", ""]).map_or(Standing::Unknown, |share| of(share >= 1.0))
    }
}

const fn of(is_used_up: bool) -> Standing {
    if is_used_up { Standing::UsedUp } else { Standing::Open }
}

/// Anthropic's subscription windows: the one that it names as decisive.
fn claimed<'e>(sheet: Sheet<'e>, claim: &str, clock: &Clock<'_>) -> Option<Told<'e>> {
    let (_, window) = CLAIMS.iter().find(|(name, _)| *name == claim)?;
    let Sheet::Answer(names) = sheet else { return None };
    let (name, value) = names.find(|name| name == *window)?;
    let when = of_value(value.to_str().ok()?, keys::header_unit(window), clock)?;
    Some((when, name))
}

/// One window of such a header.
#[derive(Default)]
struct Item<'e> {
    name: &'e str,
    remaining: Option<f64>,
    reset: Option<&'e str>,
}

fn structured<'e>(sheet: Sheet<'e>, (name, value): (&'e str, &'e str), windows: &mut Windows<'e>, clock: &Clock<'_>) {
    let mut item = Item::default();
    let mut close = |item: &Item<'e>| {
        let standing = item.remaining.map_or(Standing::Unknown, |left| of(left <= 0.0));
        let told = item.reset.and_then(|text| of_parameter(text, clock));
        // Without a time of its own a used-up window opens after its length at the latest.
        let told = told.or_else(|| {
            let policy = sheet
                .find(|name| name == "ratelimit-policy")
                .filter(|_| standing == Standing::UsedUp)?;
            of_parameter(length_of(policy, item.name)?, clock)
        });
        if let Some(when) = told {
            windows.add(standing, (when, name), clock);
        }
    };
    for part in value.split([',', ';', '&']).map(str::trim) {
        let Some((key, text)) = part.split_once('=') else {
            close(&item);
            item = Item {
                name: part.trim_matches('"'),
                ..Item::default()
            };
            continue;
        };
        let text = text.trim_matches('"');
        match key {
            "r" | "remaining" | "rem" => item.remaining = text.parse().ok(),
            "t" | "reset" | "rst" => item.reset = Some(text),
            _ => {}
        }
    }
    close(&item);
}

fn of_parameter(text: &str, clock: &Clock<'_>) -> Option<When> {
    let unit = Unit::Seconds;
    if text.contains('%') {
        return of_value(&text.replace("%3A", ":").replace("%3a", ":"), unit, clock);
    }
    of_value(text, unit, clock)
}

/// The length of the window of that name in a `RateLimit-Policy`.
fn length_of<'e>(policy: &'e str, name: &str) -> Option<&'e str> {
    let mut items = policy.split(',').map(str::trim);
    let of_name = |item: &&str| {
        item.split(';')
            .next()
            .is_some_and(|first| first.trim().trim_matches('"') == name)
    };
    let item = items.find(of_name)?;
    item.split(';').find_map(|part| part.trim().strip_prefix("w="))
}

/// What may follow `reset` without being a part of the window's name.
const TAILS: [&str; 9] = [
    "-after-seconds",
    "-after",
    "-at",
    "-seconds",
    "-ms",
    "-time",
    "-timestamp",
    "-epoch",
    "-date",
];
/// How a window is called that is used up.
const CLOSED: [&str; 4] = ["rejected", "exceeded", "exhausted", "limited"];
/// Anthropic's names of its windows, and the headers in which these end.
const CLAIMS: [(&str, &str); 6] = [
    ("five_hour", "anthropic-ratelimit-unified-5h-reset"),
    ("seven_day", "anthropic-ratelimit-unified-7d-reset"),
    ("seven_day_opus", "anthropic-ratelimit-unified-7d_opus-reset"),
    ("seven_day_sonnet", "anthropic-ratelimit-unified-7d_sonnet-reset"),
    ("seven_day_overage_included", "anthropic-ratelimit-unified-7d_oi-reset"),
    ("overage", "anthropic-ratelimit-unified-overage-reset"),
];
