//! Clocks that run, and can be stepped, frozen, made to drift and begun anew.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evergrant_driver::clock::{Clock, SystemClock};
use evergrant_driver::{Moment, Timestamp};
use evergrant_engine::time::{BootId, BootTime};

/// Both clocks of a machine that things happen to.
#[derive(Debug)]
pub(crate) struct Watch {
    system: SystemClock,
    moved: Mutex<Moved>,
}

#[derive(Debug)]
struct Moved {
    wall_millis: i64,
    boot_millis: i64,
    boots: u64,
    /// How much the wall clock gains in a second, in milliseconds, and since when.
    drift: i64,
    since: BootTime,
}

impl Watch {
    /// One that agrees with this machine.
    pub(crate) fn new() -> Self {
        let moved = Moved {
            wall_millis: 0,
            boot_millis: 0,
            boots: 0,
            drift: 0,
            since: BootTime::default(),
        };
        Self {
            system: SystemClock::new(),
            moved: Mutex::new(moved),
        }
    }

    /// Steps the wall clock.
    pub(crate) fn step(&self, secs: i64) {
        self.change(|moved, _| moved.wall_millis += secs * 1_000);
    }

    /// Lets the boot clock count these, too.
    pub(crate) fn step_boot(&self, secs: i64) {
        self.change(|moved, _| moved.boot_millis += secs * 1_000);
    }

    /// Lets the wall clock gain so many milliseconds in a second from now on.
    pub(crate) fn drift(&self, millis: i64) {
        self.change(|moved, now| (moved.drift, moved.since) = (millis, now.boot));
    }

    /// Starts the machine again.
    pub(crate) fn reboot(&self) {
        self.change(|moved, now| {
            moved.boots += 1;
            moved.boot_millis = -i64::try_from(now.boot.as_millis()).unwrap_or(i64::MAX);
        });
    }

    fn change(&self, how: impl FnOnce(&mut Moved, &Moment)) {
        let now = self.system.now();
        how(&mut self.moved.lock().unwrap_or_else(PoisonError::into_inner), &now);
    }
}

impl Clock for Watch {
    fn now(&self) -> Moment {
        let now = self.system.now();
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let drifting = i64::try_from(now.boot.since(moved.since).as_millis()).unwrap_or(i64::MAX);
        let gained = drifting.saturating_mul(moved.drift) / 1_000;
        let boot = now.boot.as_millis().saturating_add_signed(moved.boot_millis);
        let boot_id = match moved.boots {
            0 => now.boot_id,
            boots => BootId::from(format!("boot-{boots}").as_str()),
        };
        Moment {
            wall: Timestamp::from_millis(now.wall.as_millis() + moved.wall_millis + gained),
            boot: BootTime::from_millis(boot),
            boot_id,
        }
    }
}

/// How old something is by the clock that says more, reckoned here once more and not by what is tortured.
pub(crate) fn age(of: &Moment, now: &Moment) -> Duration {
    let wall = u64::try_from(now.wall.as_millis() - of.wall.as_millis()).unwrap_or(0);
    let boot = if now.boot_id == of.boot_id {
        now.boot.as_millis().saturating_sub(of.boot.as_millis())
    } else {
        0
    };
    Duration::from_millis(wall.max(boot))
}
