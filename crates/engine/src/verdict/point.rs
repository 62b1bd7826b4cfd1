//! Points in time as providers write them: RFC 3339, HTTP dates, `Feb 3rd, 2026 5:13 PM`, `3pm (UTC)`, `tomorrow at 9:00`.

use time::{Date, Duration, Month, Time, Weekday};

use super::zone;
use crate::time::Timestamp;

/// The point at the beginning of a text, and what follows it.
///
/// What names no zone is taken for a clock that is `local_hours` east of UTC; what names no day is the next such time of day, and what names no year the next
/// such day, unless it was within the last month.
pub(super) fn leading(text: &str, now: Timestamp, local_hours: i8) -> Option<(Timestamp, &str)> {
    let mut scan = Scan { rest: text };
    let today = date_of(now)?;
    let day = scan.day(today);
    if day.is_some() {
        scan.between();
    }
    let mut year = None;
    let time = scan.time();
    if let Some(Day::OfMonth(..)) = day
        && time.is_some()
    {
        // `Thu Jan  1 00:02:00 2026`
        year = scan.attempt(|scan| scan.skip_blank().number(4, 4));
    }
    let offset = if time.is_some() || day.is_some() {
        scan.zone()
    } else {
        None
    };
    let time_of_day = time.unwrap_or(Time::MIDNIGHT);
    let at = |date: Date| {
        let local = date.with_time(time_of_day).assume_utc();
        let offset = offset.map_or(i16::from(local_hours) * 60, |zone| zone.minutes_at(date));
        Timestamp::from_millis(
            i64::try_from(local.unix_timestamp_nanos() / 1_000_000)
                .unwrap_or(i64::MAX)
                .saturating_sub(i64::from(offset) * 60_000),
        )
    };
    let day_long = Duration::DAY;
    let point = match day {
        Some(Day::Whole(date)) => at(date),
        Some(Day::OfMonth(month, day)) => {
            let in_year = |year: i32| Date::from_calendar_date(year, month, day).ok();
            let date = match year {
                Some(year) => in_year(i32::try_from(year).ok()?)?,
                // The first of that name that was not long ago.
                None => (today.year() - 1..=today.year() + 1)
                    .filter_map(in_year)
                    .find(|date| date.saturating_add(RECENT) >= today)?,
            };
            at(date)
        }
        Some(Day::Of(weekday)) => {
            let first = at(today.nth_prev_occurrence(weekday, 1).saturating_add(Duration::WEEK));
            if first < now {
                first.plus(std::time::Duration::from_secs(7 * 86_400))
            } else {
                first
            }
        }
        None => {
            time?;
            let yesterday = today.saturating_sub(day_long);
            let days = [
                yesterday,
                today,
                today.saturating_add(day_long),
                today.saturating_add(day_long * 2),
            ];
            days.into_iter().map(at).find(|point| *point >= now)?
        }
    };
    Some((point, scan.rest))
}

fn date_of(now: Timestamp) -> Option<Date> {
    let at = time::OffsetDateTime::from_unix_timestamp(now.as_millis().div_euclid(1_000)).ok()?;
    Some(at.date())
}

/// What is said of the day.
#[derive(Clone, Copy)]
enum Day {
    Whole(Date),
    OfMonth(Month, u8),
    Of(Weekday),
}

/// A text that is read from its beginning.
struct Scan<'t> {
    rest: &'t str,
}

impl<'t> Scan<'t> {
    /// Does it, or nothing.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.rest;
        let result = read(self);
        if result.is_none() {
            self.rest = before;
        }
        result
    }

    fn skip_blank(&mut self) -> &mut Self {
        self.rest = self.rest.trim_start_matches([' ', ',']);
        self
    }

    fn eat(&mut self, c: char) -> bool {
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn number(&mut self, fewest: usize, most: usize) -> Option<u32> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits < fewest || digits > most {
            return None;
        }
        let number = self.rest[..digits].parse().ok()?;
        self.rest = &self.rest[digits..];
        Some(number)
    }

    fn word(&mut self) -> &'t str {
        let length = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        word
    }

    /// One of these words; its place in the list.
    fn one_of(&mut self, words: &[&str]) -> Option<usize> {
        self.attempt(|scan| {
            let word = scan.word();
            words.iter().position(|one| one.eq_ignore_ascii_case(word))
        })
    }

    /// What may stand between a day and its time.
    fn between(&mut self) {
        self.attempt(|scan| {
            scan.skip_blank();
            scan.one_of(&["at", "t", "by"])?;
            scan.skip_blank();
            scan.rest.starts_with(|c: char| c.is_ascii_digit()).then_some(())
        });
    }

    fn day(&mut self, today: Date) -> Option<Day> {
        if let Some(date) = self.attempt(Self::iso_date) {
            return Some(Day::Whole(date));
        }
        if let Some(at) = self.one_of(&["today", "tomorrow"]) {
            let days = if at == 0 { 0 } else { 1 };
            return Some(Day::Whole(today.saturating_add(Duration::days(days))));
        }
        let weekday = self.attempt(Self::weekday);
        self.attempt(|scan| {
            scan.skip_blank();
            scan.day_of_month()
        })
        .or_else(|| weekday.map(Day::Of))
    }

    fn iso_date(&mut self) -> Option<Date> {
        let year = self.number(4, 4)?;
        let mark = ['-', '/', '.'].into_iter().find(|mark| self.eat(*mark))?;
        let month = self.number(1, 2)?;
        if !self.eat(mark) {
            return None;
        }
        let day = self.number(1, 2)?;
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()
    }

    fn weekday(&mut self) -> Option<Weekday> {
        let word = self.word();
        let at = place_of(word, &WEEKDAYS)?;
        Some(Weekday::Monday.nth_next(u8::try_from(at).ok()?))
    }

    fn month(&mut self) -> Option<Month> {
        let word = self.word();
        let at = place_of(word, &MONTHS)?;
        self.eat('.');
        Some(Month::January.nth_next(u8::try_from(at).ok()?))
    }

    /// `feb 3rd, 2026`, `feb 3`, `3 february 2026`, `01-jan-26`.
    fn day_of_month(&mut self) -> Option<Day> {
        let (month, day) = if let Some(month) = self.attempt(Self::month) {
            let day = self.skip_blank().number(1, 2)?;
            self.ordinal();
            (month, day)
        } else {
            let day = self.number(1, 2)?;
            self.ordinal();
            self.between_day_and_month();
            (self.month()?, day)
        };
        let day = u8::try_from(day).ok()?;
        let year = self.attempt(|scan| {
            scan.skip_blank();
            scan.eat('-');
            let year = scan.number(2, 4)?;
            // What a colon or half of the day follows is an hour.
            let is_hour = scan.rest.starts_with([':', 'a', 'p', 'A', 'P']) || scan.half_follows();
            (!is_hour && year != 0).then_some(if year < 100 { year + 2_000 } else { year })
        });
        Some(match year {
            Some(year) => Day::Whole(Date::from_calendar_date(i32::try_from(year).ok()?, month, day).ok()?),
            None => Day::OfMonth(month, day),
        })
    }

    fn ordinal(&mut self) {
        let _ = self.one_of(&["st", "nd", "rd", "th"]);
    }

    fn between_day_and_month(&mut self) {
        self.skip_blank();
        self.eat('-');
        if self.one_of(&["of"]).is_some() {
            self.skip_blank();
        }
    }

    fn half_follows(&self) -> bool {
        let mut ahead = Scan { rest: self.rest };
        ahead.half().is_some()
    }

    /// `am`, `pm`, `a.m.`, `p.m.`; how many hours it adds.
    fn half(&mut self) -> Option<u8> {
        self.attempt(|scan| {
            scan.rest = scan.rest.trim_start();
            let hours = match scan.rest.bytes().next()?.to_ascii_lowercase() {
                b'a' => 0,
                b'p' => 12,
                _ => return None,
            };
            scan.rest = &scan.rest[1..];
            scan.eat('.');
            if !(scan.eat('m') || scan.eat('M')) || scan.rest.starts_with(|c: char| c.is_alphanumeric()) {
                return None;
            }
            scan.eat('.');
            Some(hours)
        })
    }

    fn time(&mut self) -> Option<Time> {
        self.attempt(|scan| {
            scan.skip_blank();
            match scan.one_of(&["midnight", "noon"]) {
                Some(0) => return Some(Time::MIDNIGHT),
                Some(_) => return Time::from_hms(12, 0, 0).ok(),
                None => {}
            }
            let hour = u8::try_from(scan.number(1, 2)?).ok()?;
            let (mut minute, mut second, mut millis) = (0, 0, 0);
            let dial = scan.eat(':');
            if dial {
                minute = u8::try_from(scan.number(2, 2)?).ok()?;
                if scan.eat(':') {
                    second = u8::try_from(scan.number(2, 2)?).ok()?;
                    if scan.eat('.') {
                        millis = scan.fraction();
                    }
                }
            }
            let hour = match scan.half() {
                Some(add) if (1..=12).contains(&hour) => hour % 12 + add,
                Some(_) => return None,
                None if dial => hour,
                None => return None,
            };
            // A leap second is the last one of its minute.
            Time::from_hms_milli(hour, minute, second.min(59), millis).ok()
        })
    }

    /// The digits after a decimal point as milliseconds.
    fn fraction(&mut self) -> u16 {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit);
        let mut millis = 0;
        let mut count = 0;
        for digit in digits {
            if count < 3 {
                millis = millis * 10 + u16::from(digit - b'0');
            }
            count += 1;
        }
        self.rest = &self.rest[count..];
        match count {
            1 => millis * 100,
            2 => millis * 10,
            _ => millis,
        }
    }

    fn zone(&mut self) -> Option<zone::Zone> {
        self.attempt(|scan| {
            scan.skip_blank();
            let parenthesised = scan.eat('(');
            let (zone, rest) = zone::leading(scan.rest)?;
            scan.rest = rest;
            if parenthesised {
                scan.eat(')');
            }
            // Go writes an offset and the name that it has there.
            scan.attempt(|scan| {
                scan.skip_blank();
                let (_, rest) = zone::leading(scan.rest)?;
                scan.rest = rest;
                Some(())
            });
            Some(zone)
        })
    }
}

/// The place of a name that may be cut to its first three letters or more.
fn place_of(word: &str, names: &[&str]) -> Option<usize> {
    let is_cut = |name: &str| {
        word.len() >= 3
            && name
                .get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    names.iter().position(|name| is_cut(name))
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// 31 days: a day without a year that was longer ago is one of the year to come.
const RECENT: Duration = Duration::days(31);
