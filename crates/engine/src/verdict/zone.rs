//! Zones of time as sentences name them: offsets, the usual abbreviations, and the names of the widest zones.

use time::{Date, Month, Weekday};

/// A zone: its offset in winter, and when it has an hour more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    minutes: i16,
    summer: Summer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summer {
    Never,
    /// From the second Sunday of March to the first of November.
    NorthAmerica,
    /// From the last Sunday of March to the last of October.
    Europe,
}

impl Zone {
    /// How many minutes it is ahead of UTC on that day.
    pub(super) fn minutes_at(self, date: Date) -> i16 {
        let is_summer = match self.summer {
            Summer::Never => false,
            Summer::NorthAmerica => date >= sunday(date, Month::March, 8) && date < sunday(date, Month::November, 1),
            Summer::Europe => date >= sunday(date, Month::March, 25) && date < sunday(date, Month::October, 25),
        };
        self.minutes + if is_summer { 60 } else { 0 }
    }
}

/// The first Sunday of that year's month on that day or later.
fn sunday(of: Date, month: Month, day: u8) -> Date {
    let earliest = Date::from_calendar_date(of.year(), month, day).unwrap_or(of);
    if earliest.weekday() == Weekday::Sunday {
        earliest
    } else {
        earliest.next_occurrence(Weekday::Sunday)
    }
}

/// The zone at the beginning of a text, and what follows it.
pub(super) fn leading(text: &str) -> Option<(Zone, &str)> {
    if text.starts_with(['+', '-', '−']) {
        return offset(text).map(|(minutes, rest)| (fixed(minutes), rest));
    }
    let end = text
        .find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '/' | '_')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is = |one: &str| name.eq_ignore_ascii_case(one);
    if is("z") || is("utc") || is("gmt") || is("ut") {
        let (minutes, rest) = offset(rest).unwrap_or((0, rest));
        return Some((fixed(minutes), rest));
    }
    let known = ZONES.iter().find(|(one, ..)| is(one));
    let zone = match known {
        Some((_, minutes, summer)) => Zone {
            minutes: *minutes,
            summer: *summer,
        },
        // Most of Europe has one time.
        None if name.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("europe/")) => Zone {
            minutes: 60,
            summer: Summer::Europe,
        },
        None => return None,
    };
    let rest = rest.strip_prefix(" time").unwrap_or(rest);
    Some((zone, rest))
}

const fn fixed(minutes: i16) -> Zone {
    Zone {
        minutes,
        summer: Summer::Never,
    }
}

/// `+08:00`, `+0800`, `+8`, as minutes.
fn offset(text: &str) -> Option<(i16, &str)> {
    let (sign, rest) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        '−' => (-1, &text['−'.len_utf8()..]),
        _ => return None,
    };
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number: i16 = rest.get(..count.min(4))?.parse().ok()?;
    let rest = &rest[count..];
    let (hours, minutes, rest) = match count {
        1 | 2 => {
            let minutes = rest
                .strip_prefix(':')
                .and_then(|rest| rest.get(..2)?.parse::<i16>().ok());
            let rest = if minutes.is_some() { &rest[3..] } else { rest };
            (number, minutes.unwrap_or(0), rest)
        }
        4 => (number / 100, number % 100, rest),
        _ => return None,
    };
    // No place is further from UTC than 14 hours.
    (hours <= 14 && (0..60).contains(&minutes)).then_some((sign * (hours * 60 + minutes), rest))
}

/// What messages of providers were seen to name, and what their users' clients write there; in winter.
const ZONES: [(&str, i16, Summer); 40] = [
    ("pt", -480, Summer::NorthAmerica),
    ("pacific", -480, Summer::NorthAmerica),
    ("america/los_angeles", -480, Summer::NorthAmerica),
    ("us/pacific", -480, Summer::NorthAmerica),
    ("pst", -480, Summer::Never),
    ("pdt", -420, Summer::Never),
    ("mt", -420, Summer::NorthAmerica),
    ("america/denver", -420, Summer::NorthAmerica),
    ("america/phoenix", -420, Summer::Never),
    ("mst", -420, Summer::Never),
    ("mdt", -360, Summer::Never),
    ("ct", -360, Summer::NorthAmerica),
    ("america/chicago", -360, Summer::NorthAmerica),
    ("america/mexico_city", -360, Summer::Never),
    ("cst", -360, Summer::Never),
    ("cdt", -300, Summer::Never),
    ("et", -300, Summer::NorthAmerica),
    ("eastern", -300, Summer::NorthAmerica),
    ("america/new_york", -300, Summer::NorthAmerica),
    ("america/toronto", -300, Summer::NorthAmerica),
    ("est", -300, Summer::Never),
    ("edt", -240, Summer::Never),
    ("america/sao_paulo", -180, Summer::Never),
    ("europe/london", 0, Summer::Europe),
    ("europe/dublin", 0, Summer::Europe),
    ("europe/lisbon", 0, Summer::Europe),
    ("bst", 60, Summer::Never),
    ("cet", 60, Summer::Never),
    ("cest", 120, Summer::Never),
    ("europe/moscow", 180, Summer::Never),
    ("europe/istanbul", 180, Summer::Never),
    ("europe/kyiv", 120, Summer::Europe),
    ("asia/kolkata", 330, Summer::Never),
    ("asia/calcutta", 330, Summer::Never),
    ("asia/shanghai", 480, Summer::Never),
    ("asia/singapore", 480, Summer::Never),
    ("asia/tokyo", 540, Summer::Never),
    ("asia/seoul", 540, Summer::Never),
    ("jst", 540, Summer::Never),
    ("kst", 540, Summer::Never),
];
