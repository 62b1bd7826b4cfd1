//! Where a thread that serves runs.
//!
//! Left to itself the kernel puts two of them on one core now and then; until it takes them apart again, each waits for slices of
//! the other's, 3 ms long (docs/PERFORMANCE.md).

#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A core of its own, or wherever the kernel likes.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    #[cfg(target_os = "linux")]
    own: Option<Core>,
}

/// One of the cores that this process may run on.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy)]
struct Core {
    alone: CpuSet,
    all: CpuSet,
}

impl Place {
    /// One for each of so many threads: a core of its own where there are as many. Where a container's quota bounds the threads,
    /// it names no cores.
    pub(super) fn for_each(threads: usize) -> Vec<Self> {
        #[cfg(target_os = "linux")]
        if let Some(places) = Self::own(threads) {
            return places;
        }
        vec![Self::default(); threads]
    }
}

#[cfg(target_os = "linux")]
impl Place {
    fn own(threads: usize) -> Option<Vec<Self>> {
        let all = sched_getaffinity(None).ok()?;
        let alone = |number| {
            let mut alone = CpuSet::new();
            alone.set(number);
            let own = Some(Core { alone, all });
            Self { own }
        };
        let numbers = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number));
        let places: Vec<_> = numbers.map(alone).collect();
        (places.len() == threads).then_some(places)
    }

    /// Has this thread stay there.
    pub(super) fn take(self) {
        // Where it is refused, as in some containers, the thread goes on as it was.
        let _ = self.own.map(|core| sched_setaffinity(None, &core.alone));
    }

    /// Lets this thread, begun by one that stays there, run on any core again.
    pub(super) fn leave(self) {
        // It has been allowed before; refused now, the thread works where it is.
        let _ = self.own.map(|core| sched_setaffinity(None, &core.all));
    }
}

/// Elsewhere no thread is told where to run.
#[cfg(not(target_os = "linux"))]
impl Place {
    pub(super) fn take(self) {}

    pub(super) fn leave(self) {}
}
