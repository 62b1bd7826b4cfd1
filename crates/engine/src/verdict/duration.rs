//! Spans of time as providers write them: `30`, `1h2m3.5s`, `6hr 29min`, `PT30S`, `2 days, 3:04:05`, `an hour`.

use std::time::Duration;

use super::clock::Clock;
use super::point;
use super::wording::trimmed;
use crate::time::Timestamp;

/// The unit of a number that names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unit {
    /// Milliseconds.
    Millis,
    /// Seconds.
    #[default]
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
}

/// When to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// After this span; it needs no clock.
    In(Duration),
    /// At this point, by the provider's clock.
    At(Timestamp),
}

impl When {
    /// How long that is from now on; a point in the past is now.
    pub(super) fn from(self, clock: &Clock<'_>) -> Duration {
        match self {
            Self::In(span) => span,
            Self::At(point) => point.since(clock.now()).min(Duration::from_secs(LONGEST_SECS)),
        }
    }
}

/// What a whole value means; nonsense and negative values mean nothing.
pub(super) fn of_value(text: &str, unit: Unit, clock: &Clock<'_>) -> Option<When> {
    let text = trimmed(text);
    let text = if text.starts_with('"') || text.ends_with('"') {
        text.trim_matches('"')
    } else {
        text
    };
    if let Some(seconds) = of_letters(text) {
        return span(seconds).map(When::In);
    }
    if let Some(number) = number(text) {
        return of_number(number, unit);
    }
    if let Some((point, rest)) = point::leading(text, clock.now(), 0)
        && is_end(rest)
    {
        return Some(When::At(point));
    }
    if let Some((span, rest)) = leading(text)
        && is_end(rest)
    {
        return Some(When::In(span));
    }
    // A proxy joins what two servers told into one line: the later counts.
    let joined = text
        .contains(',')
        .then(|| text.split(',').map(|one| number(one.trim())));
    let latest = joined?.try_fold(0.0_f64, |latest, one| one.map(|one| latest.max(one)));
    of_number(latest?, unit)
}

/// A whole number or a decimal with `s` or `ms` behind it, as most write it; it can mean nothing else.
fn of_letters(text: &str) -> Option<f64> {
    let text = text.strip_suffix('s')?;
    let (digits, unit) = text.strip_suffix('m').map_or((text, 1.0), |text| (text, 0.001));
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain.then(|| number(digits).map(|number| number * unit))?
}

/// The number that a text is; most are whole.
pub(super) fn number(text: &str) -> Option<f64> {
    let whole = text.parse::<u32>().map(f64::from);
    whole.ok().or_else(|| text.parse().ok())
}

fn is_end(rest: &str) -> bool {
    rest.trim_matches(['.', ' ', ')']).is_empty()
}

fn of_number(number: f64, unit: Unit) -> Option<When> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    // Ten digits and more are a point in time: as a span they would be thirty years.
    let is_span = number < if unit == Unit::Millis { 1e11 } else { 1e9 };
    if is_span {
        return span(number * unit.in_seconds()).map(When::In);
    }
    let millis = match number {
        seconds if seconds < 1e11 => seconds * 1e3,
        millis if millis < 1e14 => millis,
        micros if micros < 1e17 => micros / 1e3,
        nanos => nanos / 1e6,
    };
    (millis < 1e14).then(|| When::At(Timestamp::from_millis(millis as i64)))
}

impl Unit {
    const fn in_seconds(self) -> f64 {
        match self {
            Self::Millis => 0.001,
            Self::Seconds => 1.0,
            Self::Minutes => 60.0,
            Self::Hours => 3_600.0,
            Self::Days => 86_400.0,
        }
    }
}

/// The span at the beginning of a text, and what follows it.
pub(super) fn leading(text: &str) -> Option<(Duration, &str)> {
    let mut rest = text.strip_prefix(['p', 'P']).unwrap_or(text);
    let is_iso = rest.len() != text.len();
    let mut total = 0.0;
    let mut parts = 0;
    loop {
        let before = rest;
        rest = rest.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
        if is_iso {
            rest = rest.strip_prefix(['t', 'T']).unwrap_or(rest);
        }
        if let Some((seconds, after)) = of_dial(rest).filter(|_| !is_iso) {
            return span(total + seconds).map(|span| (span, after));
        }
        let Some((number, after)) = leading_number(rest) else {
            rest = before;
            break;
        };
        let after = after.trim_start();
        // `30-second`
        let hyphened = after
            .strip_prefix('-')
            .filter(|unit| unit.starts_with(char::is_alphabetic));
        let after = hyphened.unwrap_or(after);
        let mut letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        if is_iso {
            letters = letters.min(after.chars().next().map_or(0, char::len_utf8));
        }
        let Some(seconds) = seconds_of(&after[..letters]) else {
            // A number without a unit is seconds if it stands alone.
            let is_digits = rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            let alone = is_digits && letters == 0 && !after.starts_with(['-', '/', ':', '%']);
            if alone && parts == 0 && !is_iso {
                return span(number).map(|span| (span, after));
            }
            rest = before;
            break;
        };
        total += number * seconds;
        parts += 1;
        rest = &after[letters..];
    }
    if parts == 0 {
        return None;
    }
    span(total).map(|span| (span, rest))
}

/// Whether the text begins with a number that names no unit.
pub(super) fn is_bare(text: &str) -> bool {
    leading_number(text).is_some_and(|(_, after)| !after.trim_start().starts_with(char::is_alphabetic))
}

/// A number in digits, with `,` between thousands, or the word for one.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let article = ["an ", "a ", "one "].iter().find_map(|word| text.strip_prefix(word));
    if let Some(rest) = article {
        return Some((1.0, rest));
    }
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let groups_thousands =
        |at: usize| bytes[at] == b',' && (1..=3).all(|next| is_digit(at + next)) && !is_digit(at + 4);
    let end = (0..bytes.len())
        .find(|at| !(is_digit(*at) || bytes[*at] == b'.' || groups_thousands(*at)))
        .unwrap_or(bytes.len());
    let digits = text[..end].trim_end_matches('.');
    let number = if digits.contains(',') {
        digits.replace(',', "").parse().ok()?
    } else {
        digits.parse().ok()?
    };
    Some((number, &text[end..]))
}

/// `1:23:45` and `12:34`, as a timer shows what is left.
fn of_dial(text: &str) -> Option<(f64, &str)> {
    let mut seconds = 0.0;
    let mut rest = text;
    for place in 0..3 {
        if place > 0 {
            let Some(after) = rest.strip_prefix(':') else { break };
            rest = after;
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || (place > 0 && c == '.')))
            .unwrap_or(rest.len());
        // Only the first place may be long: hours are not carried into days.
        let is_two_digits = end >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_digit);
        if end == 0 || end > 10 || (place > 0 && !is_two_digits) {
            return None;
        }
        let number: f64 = rest[..end].trim_end_matches('.').parse().ok()?;
        if place > 0 && number >= 60.0 {
            return None;
        }
        seconds = seconds * 60.0 + number;
        rest = &rest[end..];
        if place == 0 && !rest.starts_with(':') {
            return None;
        }
    }
    Some((seconds, rest))
}

fn seconds_of(unit: &str) -> Option<f64> {
    let mut lower = [0_u8; 12];
    let lower = lower.get_mut(..unit.len())?;
    lower.copy_from_slice(unit.as_bytes());
    lower.make_ascii_lowercase();
    let seconds = match std::str::from_utf8(lower).ok()? {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 0.001,
        "us" | "µs" | "microseconds" => 0.000_001,
        "ns" | "nanoseconds" => 0.000_000_001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "wk" | "week" | "weeks" => 604_800.0,
        "month" | "months" => 2_592_000.0,
        _ => return None,
    };
    Some(seconds)
}

fn span(seconds: f64) -> Option<Duration> {
    let capped = seconds.min(LONGEST_SECS as f64);
    Duration::try_from_secs_f64(capped).ok()
}

/// 400 days: beyond a year nobody waits, and sums stay far from overflow.
const LONGEST_SECS: u64 = 400 * 86_400;
