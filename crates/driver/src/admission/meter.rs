//! What one client key has used of its terms in this process: requests of the last minute, requests under way, tokens of the day.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evergrant_engine::time::Timestamp;
use tokio::time::Instant;

use super::answers_paid::AnswersPaid;

/// The meters of one key; they outlive a change of its terms.
#[derive(Debug, Default)]
pub(super) struct Meter {
    minute: Mutex<Minute>,
    present: AtomicU32,
    day: Mutex<Day>,
    paid: Mutex<AnswersPaid>,
}

/// Counts the requests of each of the last 61 s, so that no span of 60 s is ever left out in part.
#[derive(Debug)]
struct Minute {
    began: Option<Instant>,
    /// The second, since it began, that was counted last.
    newest: u64,
    seconds: [u32; SECONDS],
    sum: u32,
}

/// Tokens of one day (UTC).
#[derive(Debug, Default)]
struct Day {
    number: i64,
    /// By answers of this process.
    own: u64,
    /// By answers of others, and of this home before this process, as far as they have been written down.
    others: u64,
}

impl Default for Minute {
    fn default() -> Self {
        Self {
            began: None,
            newest: 0,
            seconds: [0; SECONDS],
            sum: 0,
        }
    }
}

impl Meter {
    /// Counts a request, unless so many have been within the last minute; then answers when there is room again.
    pub(super) fn count(&self, limit: u32, now: Instant) -> Result<(), Duration> {
        lock(&self.minute).count(limit, now)
    }

    /// Takes one of so many places, if one is free.
    pub(super) fn take_place(&self, limit: Option<u32>) -> bool {
        let limit = limit.unwrap_or(u32::MAX);
        let taken = self
            .present
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |present| {
                (present < limit).then_some(present + 1)
            });
        taken.is_ok()
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.present.fetch_sub(1, Ordering::AcqRel);
    }

    /// Requests under way.
    pub(super) fn present(&self) -> u32 {
        self.present.load(Ordering::Acquire)
    }

    /// Adds tokens that an answer of this process has told of.
    pub(super) fn spend(&self, tokens: u64, now: Timestamp) {
        let mut day = self.today(now);
        day.own = day.own.saturating_add(tokens);
    }

    /// The same for an answer that was fetched, by its id: what has not been paid for it yet.
    pub(super) fn spend_on_fetched(&self, answer: &str, tokens: u64, now: Timestamp) {
        let owed = lock(&self.paid).owes(answer, tokens);
        self.spend(owed, now);
    }

    /// Takes note that this answer has been paid for.
    pub(super) fn has_paid(&self, answer: &str, tokens: u64) {
        lock(&self.paid).owes(answer, tokens);
    }

    /// Takes note of what others have used today.
    pub(super) fn others(&self, tokens: u64, now: Timestamp) {
        self.today(now).others = tokens;
    }

    /// The tokens of today.
    pub(super) fn spent(&self, now: Timestamp) -> u64 {
        let day = self.today(now);
        day.own.saturating_add(day.others)
    }

    /// The day that is counted, emptied if another one has begun.
    fn today(&self, now: Timestamp) -> MutexGuard<'_, Day> {
        let mut day = lock(&self.day);
        let number = now.as_millis().div_euclid(DAY_MILLIS);
        if day.number != number {
            *day = Day {
                number,
                ..Day::default()
            };
        }
        day
    }
}

impl Minute {
    fn count(&mut self, limit: u32, now: Instant) -> Result<(), Duration> {
        let began = *self.began.get_or_insert(now);
        let since = now.saturating_duration_since(began);
        let second = since.as_secs().max(self.newest);
        for passed in (self.newest + 1..=second).take(SECONDS) {
            let slot = slot(passed);
            self.sum -= self.seconds[slot];
            self.seconds[slot] = 0;
        }
        self.newest = second;
        if self.sum < limit {
            self.seconds[slot(second)] += 1;
            self.sum += 1;
            return Ok(());
        }
        // The oldest second that counts leaves first.
        let kept = SECONDS as u64;
        let oldest = (second.saturating_sub(kept - 1)..=second).find(|second| self.seconds[slot(*second)] > 0);
        let leaves = Duration::from_secs(oldest.unwrap_or(second) + kept);
        Err(leaves.saturating_sub(since).max(Duration::from_secs(1)))
    }
}

/// The time until the next day (UTC) begins.
pub(super) fn until_midnight(now: Timestamp) -> Duration {
    let left = DAY_MILLIS - now.as_millis().rem_euclid(DAY_MILLIS);
    Duration::from_millis(u64::try_from(left).unwrap_or_default())
}

fn slot(second: u64) -> usize {
    usize::try_from(second % SECONDS as u64).unwrap_or_default()
}

/// What a panic under it would leave is a count that is one off.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 61: the second that is under way, and sixty whole ones.
const SECONDS: usize = 61;

/// A day.
const DAY_MILLIS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_holds_more_than_the_limit() {
        let (minute, start) = (Meter::default(), Instant::now());
        let at = |millis: u64| minute.count(3, start + Duration::from_millis(millis));
        assert!(at(0).is_ok() && at(900).is_ok() && at(30_000).is_ok());
        let wait = at(30_001).unwrap_err();
        assert!(
            wait > Duration::from_secs(30) && wait < Duration::from_secs(32),
            "{wait:?}"
        );
        assert!(at(59_999).is_err() && at(60_900).is_err());
        assert!(at(61_000).is_ok(), "the first second has left");
        assert!(at(61_001).is_ok() && at(61_002).is_err());
        // After a long silence everything has left.
        assert!(at(600_000).is_ok() && at(600_000).is_ok() && at(600_001).is_ok() && at(600_002).is_err());
    }

    #[test]
    fn places_are_given_back() {
        let meter = Meter::default();
        assert!(meter.take_place(Some(2)) && meter.take_place(Some(2)) && !meter.take_place(Some(2)));
        meter.leave();
        assert!(meter.take_place(Some(2)));
        assert_eq!(meter.present(), 2);
    }

    #[test]
    fn a_day_begins_with_nothing_spent() {
        let (meter, noon) = (Meter::default(), Timestamp::from_secs(1_800_014_400));
        meter.spend(10, noon);
        meter.others(5, noon);
        assert_eq!(meter.spent(noon), 15);
        assert_eq!(until_midnight(noon), Duration::from_secs(43_200));
        assert_eq!(meter.spent(noon.plus(until_midnight(noon))), 0);
    }
}
