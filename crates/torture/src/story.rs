//! What can happen to the clocks of a machine, and in which order.

use std::time::Duration;

/// What happens to the clocks, one thing after the other.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) life: Duration,
    pub(crate) events: &'static [Event],
}

/// One thing that happens, seconds throughout.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// The wall clock is stepped, and what it says is so old that a renewal is wanted.
    StepWanting(i64),
    /// The wall clock is stepped.
    Step(i64),
    /// The machine slept, and the boot clock has not counted it.
    Frozen(u64),
    /// The machine slept, and the boot clock has counted it.
    Slept(u64),
    /// The wall clock gains so many milliseconds a second.
    Drift(i64),
    /// The machine starts again with the wall clock stepped.
    Reboot(i64),
    /// The machine starts again after it was off.
    Off(u64),
}

impl Event {
    /// Whether a renewal is wanted within 30 s.
    pub(crate) const fn wants_renewal(self) -> bool {
        match self {
            Self::StepWanting(_) | Self::Frozen(_) | Self::Slept(_) | Self::Drift(_) | Self::Off(_) => true,
            Self::Step(_) | Self::Reboot(_) => false,
        }
    }
}

/// How many renewals of such a token are due in that time anyway: at three quarters of its life, less a little jitter.
pub(crate) fn regular(life: Duration, within: Duration) -> u64 {
    let due = life.mul_f64(0.72).as_secs_f64();
    let times = (within.as_secs_f64() / due).floor();
    if life == LONG { 0 } else { times as u64 + 1 }
}

/// With a long life each needless renewal shows, with a short one whether they go on.
pub(crate) static STORIES: [Story; 10] = [
    Story {
        name: "a day ahead and back",
        life: LONG,
        events: &[Event::StepWanting(DAY), Event::Step(-DAY)],
    },
    Story {
        name: "a day behind and back",
        life: SHORT,
        events: &[Event::StepWanting(-DAY), Event::Step(DAY)],
    },
    Story {
        name: "1970 and back",
        life: SHORT,
        events: &[Event::StepWanting(-EPOCH), Event::Step(EPOCH)],
    },
    Story {
        name: "8 h of sleep, boot clock frozen",
        life: LONG,
        events: &[Event::Frozen(EIGHT_HOURS)],
    },
    Story {
        name: "8 h of sleep",
        life: LONG,
        events: &[Event::Slept(EIGHT_HOURS)],
    },
    Story {
        name: "2 % fast",
        life: SHORT,
        events: &[Event::Drift(20)],
    },
    Story {
        name: "2 % slow",
        life: SHORT,
        events: &[Event::Drift(-20)],
    },
    Story {
        name: "a restart",
        life: LONG,
        events: &[Event::Reboot(60)],
    },
    Story {
        name: "8 h off",
        life: LONG,
        events: &[Event::Off(EIGHT_HOURS)],
    },
    Story {
        name: "a restart at 1970, set right later",
        life: LONG,
        events: &[Event::Reboot(-EPOCH), Event::Step(EPOCH)],
    },
];

/// Both ways, as the issue has it.
pub(crate) const DAY: i64 = 86_400;

/// From now to 1970, give or take a day.
pub(crate) const EPOCH: i64 = 1_790_000_000;

/// A night.
pub(crate) const EIGHT_HOURS: u64 = 8 * 3_600;

/// A token that lapses within the time it is watched.
pub(crate) const SHORT: Duration = Duration::from_secs(20);

/// A token that does not.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);
