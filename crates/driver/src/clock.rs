//! Both clocks, read together; the one place that asks the system what time it is.
//!
//! Public for the tests and the torture harness, and hidden from the docs: no part of the contract, and free to change.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
#[cfg(not(unix))]
use std::time::{SystemTime, UNIX_EPOCH};

use evergrant_engine::time::{BootId, BootTime, Moment, Timestamp};

use crate::turn_time::OfTurn;

/// Whoever knows what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Both clocks, now; to a task in its turn ([`crate::hush`]), when that first asked.
    fn now(&self) -> Moment;

    /// The wall clock alone, now.
    fn wall(&self) -> Timestamp {
        self.now().wall
    }
}

/// The clocks of this machine.
#[derive(Clone, Debug)]
pub struct SystemClock {
    boot_id: BootId,
}

impl SystemClock {
    /// Learns which boot this is.
    pub fn new() -> Self {
        Self { boot_id: boot_id() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let (wall, boot) = seen();
        let now = Moment {
            wall,
            boot,
            boot_id: self.boot_id,
        };
        ahead(now)
    }

    #[cfg(not(feature = "torture"))]
    fn wall(&self) -> Timestamp {
        seen().0
    }
}

/// A clock that stands still until it is told otherwise, for tests.
#[derive(Debug)]
pub struct TestClock {
    now: Mutex<Moment>,
}

impl TestClock {
    /// A clock that shows this.
    pub const fn new(now: Moment) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Lets both clocks go on.
    pub fn advance(&self, by: Duration) {
        self.change(|now| *now = now.plus(by));
    }

    /// Lets only the wall clock go on, as if the boot clock had been frozen.
    pub fn advance_wall(&self, by: Duration) {
        self.change(|now| now.wall = now.wall.plus(by));
    }

    /// Steps the wall clock alone.
    pub fn set_wall(&self, wall: Timestamp) {
        self.change(|now| now.wall = wall);
    }

    /// Steps the boot clock alone.
    pub fn set_boot(&self, boot: BootTime) {
        self.change(|now| now.boot = boot);
    }

    /// Starts the machine again: the boot clock counts from zero under a new id.
    pub fn reboot(&self, boot_id: BootId) {
        self.change(|now| {
            now.boot = BootTime::from_millis(0);
            now.boot_id = boot_id;
        });
    }

    fn change(&self, how: impl FnOnce(&mut Moment)) {
        how(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// 2027-01-15 on a machine that has been up for an hour: a plausible now that no test depends on.
impl Default for TestClock {
    fn default() -> Self {
        Self::new(Moment {
            wall: Timestamp::from_secs(1_800_000_000),
            boot: BootTime::from_millis(3_600_000),
            boot_id: BootId::from("test-boot"),
        })
    }
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How long the machine has been up, its sleep included; for what compares two moments of this process alone.
pub(crate) fn since_boot() -> BootTime {
    seen().1
}

/// Both clocks, asked once in a turn of a task.
fn seen() -> (Timestamp, BootTime) {
    thread_local! {
        static SEEN: OfTurn<(Timestamp, BootTime)> = const { OfTurn::new() };
    }
    SEEN.with(|clocks| clocks.seen(|| (wall(), boot())))
}

/// What the wall clock shows; before 1970 it counts backwards from the epoch.
#[cfg(unix)]
fn wall() -> Timestamp {
    wall_from_timespec(rustix::time::clock_gettime(rustix::time::ClockId::Realtime))
}

/// The nanoseconds count forwards from the second, before 1970 as well.
#[cfg(unix)]
fn wall_from_timespec(time: rustix::time::Timespec) -> Timestamp {
    let millis = u32::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000;
    let whole = time.tv_sec.saturating_mul(1_000);
    Timestamp::from_millis(whole.saturating_add(i64::from(millis)))
}

/// What the wall clock shows; before 1970 it counts backwards from the epoch.
#[cfg(not(unix))]
fn wall() -> Timestamp {
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or_else(
        |before| Timestamp::from_millis(0).minus(before.duration()),
        |since| Timestamp::from_millis(0).plus(since),
    )
}

/// Nothing moves the clocks of an ordinary build.
#[cfg(not(feature = "torture"))]
const fn ahead(now: Moment) -> Moment {
    now
}

/// Both clocks, ahead by what the environment says, so that a token lapses by them without being waited for, and the wall
/// clock alone by what it says of that, ahead or behind; only in a build with the feature `torture`, which is never shipped.
#[cfg(feature = "torture")]
fn ahead(now: Moment) -> Moment {
    static AHEAD: std::sync::OnceLock<(u64, i64)> = std::sync::OnceLock::new();
    fn told<T: std::str::FromStr + Default>(name: &str) -> T {
        let text = std::env::var(name).unwrap_or_default();
        text.parse().unwrap_or_default()
    }
    let (both, wall) = *AHEAD.get_or_init(|| (told("EVERGRANT_CLOCK_AHEAD_SECS"), told("EVERGRANT_WALL_AHEAD_SECS")));
    let mut now = now.plus(Duration::from_secs(both));
    let by = Duration::from_secs(wall.unsigned_abs());
    now.wall = if wall < 0 {
        now.wall.minus(by)
    } else {
        now.wall.plus(by)
    };
    now
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn boot() -> BootTime {
    from_timespec(rustix::time::clock_gettime(rustix::time::ClockId::Boottime))
}

/// On Apple's systems the monotonic clock goes on while the machine sleeps.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn boot() -> BootTime {
    from_timespec(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic))
}

#[cfg(unix)]
fn from_timespec(time: rustix::time::Timespec) -> BootTime {
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    let millis = u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000;
    BootTime::from_millis(secs.saturating_mul(1_000).saturating_add(millis))
}

/// Elsewhere the count starts with the process, and `boot_id` says so.
#[cfg(not(unix))]
fn boot() -> BootTime {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    let up = START.get_or_init(Instant::now).elapsed();
    BootTime::from_millis(u64::try_from(up.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn boot_id() -> BootId {
    std::fs::read_to_string(BOOT_ID)
        .map(|id| BootId::from(id.trim()))
        .unwrap_or_else(|_| reckoned_boot_id())
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn boot_id() -> BootId {
    reckoned_boot_id()
}

/// Boot times of two processes do not compare where they count from the process's start.
#[cfg(not(unix))]
fn boot_id() -> BootId {
    BootId::from(format!("process-{}", std::process::id()).as_str())
}

/// The minute of the boot by both clocks: the same for all processes of a boot as long as the wall clock is not stepped;
/// if it is, boot times of before and after do not compare and the wall clock is used.
#[cfg(unix)]
fn reckoned_boot_id() -> BootId {
    let up = Duration::from_millis(boot().as_millis());
    let minute = wall().minus(up).as_millis().div_euclid(60_000);
    BootId::from(format!("booted-{minute}").as_str())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

#[cfg(test)]
mod tests {
    use std::future::{Future as _, poll_fn};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::hush::Hush;

    #[test]
    fn the_system_clock_goes_on_within_one_boot() {
        let clock = SystemClock::new();
        let (one, two) = (clock.now(), clock.now());
        assert_eq!(one.boot_id, two.boot_id);
        assert_eq!(SystemClock::new().now().boot_id, one.boot_id);
        assert!(two.boot >= one.boot);
        assert!(two.wall > Timestamp::from_secs(1_700_000_000));
    }

    #[test]
    fn a_turn_takes_place_at_one_time() {
        let clock = SystemClock::new();
        let look = poll_fn(|_| {
            let first = clock.now();
            std::thread::sleep(Duration::from_millis(5));
            Poll::Ready((first, clock.now(), clock.wall()))
        });
        let hush = Hush::default();
        let mut turn = hush.around(look);
        let mut look = || pin!(&mut turn).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready((first, second, wall)) = look() else {
            panic!("it waits for nothing");
        };
        assert_eq!((&first, first.wall), (&second, wall));
        let Poll::Ready((next, ..)) = look() else {
            panic!("it waits for nothing");
        };
        assert!(next.boot.since(first.boot) >= Duration::from_millis(4));
    }

    #[cfg(unix)]
    #[test]
    fn a_time_before_the_epoch_is_negative() {
        let at = |tv_sec, tv_nsec| wall_from_timespec(rustix::time::Timespec { tv_sec, tv_nsec }).as_millis();
        assert_eq!(at(-1, 0), -1_000);
        assert_eq!(at(-2, 999_000_000), -1_001);
        assert_eq!(at(1, 2_999_999), 1_002);
    }

    #[test]
    fn the_test_clock_moves_only_when_told() {
        let clock = TestClock::default();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now().since(&start), Duration::from_secs(5));
        clock.advance_wall(Duration::from_secs(60));
        assert_eq!(clock.now().since(&start), Duration::from_secs(5));
        assert_eq!(clock.now().pessimistic_since(&start), Duration::from_secs(65));
        clock.reboot(BootId::from("another"));
        assert_eq!(clock.now().since(&start), Duration::from_secs(65));
    }
}
