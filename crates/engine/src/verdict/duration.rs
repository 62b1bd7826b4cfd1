//! Times as providers write them: seconds, milliseconds, points in time, `1h2m3.5s`, `6hr 29min`, `PT30S`.

use std::time::Duration;

use crate::time::Timestamp;

/// The unit of a number that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
}

/// How long from `now` a whole value means; nonsense and negative values mean nothing, a point in the past means now.
pub(super) fn of_value(text: &str, unit: Unit, now: Timestamp) -> Option<Duration> {
    let text = text.trim().trim_matches('"');
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number, unit, now);
    }
    if let Some(point) = point(text) {
        return Some(point.since(now));
    }
    let (span, rest) = leading(text)?;
    rest.trim_matches(['.', ' ', ')']).is_empty().then_some(span)
}

/// How long from `now` the words at the beginning of a text mean, as in `1m32.5s. Visit ..`.
pub(super) fn of_words(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim_start_matches([' ', ':', '~']);
    let date = text.get(..POINT_LENGTH.min(text.len())).unwrap_or_default();
    if let Some(point) = DATE_LENGTHS.iter().find_map(|length| point(date.get(..*length)?)) {
        return Some(point.since(now));
    }
    leading(text).map(|(span, _)| span)
}

fn of_number(number: f64, unit: Unit, now: Timestamp) -> Option<Duration> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    let millis = match unit {
        // Ten digits and more are a point in time: as a span they would be thirty years.
        Unit::Seconds if number < 1e9 => return span(number),
        Unit::Millis if number < 1e11 => return span(number / 1e3),
        Unit::Seconds if number < 1e11 => number * 1e3,
        Unit::Seconds | Unit::Millis if number < 1e14 => number,
        Unit::Seconds | Unit::Millis if number < 1e17 => number / 1e3,
        Unit::Seconds | Unit::Millis => number / 1e6,
    };
    let millis = if millis < 1e15 { millis as i64 } else { return None };
    Some(Timestamp::from_millis(millis).since(now))
}

/// A point in time: an HTTP date, RFC 3339, or the same without a zone, which is taken for UTC.
fn point(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() >= 19 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' {
        let mut iso = text.to_ascii_uppercase().replacen(' ', "T", 1);
        iso.retain(|c| c != ' ');
        if let Some(at) = iso.strip_suffix("UTC") {
            iso = format!("{at}Z");
        }
        return Timestamp::parse_rfc3339(&iso).or_else(|| Timestamp::parse_rfc3339(&format!("{iso}Z")));
    }
    let at = httpdate::parse_http_date(&titled(text)).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
}

/// An HTTP date in its own letter case, because texts of a body are kept in lower case.
fn titled(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        titled.push(if before.is_ascii_alphabetic() {
            c
        } else {
            c.to_ascii_uppercase()
        });
        before = c;
    }
    titled.replace("Gmt", "GMT")
}

/// The span at the beginning of a text, and what follows it.
fn leading(text: &str) -> Option<(Duration, &str)> {
    let lower_iso = |c: char| c == 'p' || c == 'P';
    let mut rest = text.strip_prefix(lower_iso).unwrap_or(text);
    let is_iso = rest.len() != text.len();
    let mut total = 0.0;
    let mut parts = 0;
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
        if is_iso {
            rest = rest.strip_prefix(['t', 'T']).unwrap_or(rest);
        }
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let Ok(number) = rest[..digits].trim_end_matches('.').parse::<f64>() else {
            break;
        };
        let after = rest[digits..].trim_start();
        let mut letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        if is_iso {
            letters = letters.min(1);
        }
        let Some(seconds) = seconds_of(&after[..letters]) else {
            // A number without a unit is seconds if it stands alone.
            let alone = parts == 0 && (after.is_empty() || !after.starts_with(['-', '/', ':']) && letters == 0);
            if alone {
                return span(number).map(|span| (span, after));
            }
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

fn seconds_of(unit: &str) -> Option<f64> {
    let seconds = match unit.to_ascii_lowercase().as_str() {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 0.001,
        "us" | "µs" | "microseconds" => 0.000_001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        _ => return None,
    };
    Some(seconds)
}

fn span(seconds: f64) -> Option<Duration> {
    let capped = seconds.min(LONGEST_SECS);
    Duration::try_from_secs_f64(capped).ok()
}

/// How long a written point in time can be: RFC 3339 with nanoseconds and a zone.
const POINT_LENGTH: usize = 35;
/// What is tried of the beginning of a text, the longest first: with fraction and zone, an HTTP date, with a zone, without.
const DATE_LENGTHS: [usize; 8] = [35, 30, 29, 27, 25, 24, 20, 19];
/// 400 days: beyond a year nobody waits, and sums stay far from overflow.
const LONGEST_SECS: f64 = 400.0 * 86_400.0;
