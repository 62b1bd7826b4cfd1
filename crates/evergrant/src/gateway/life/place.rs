//! How the kernel runs a thread that serves.
//!
//! With few connections: as it likes, so that each request is answered the soonest. With many the thread stays on a core of its own,
//! where it waits for the slice of no other one that serves; and once woken it lets what runs there go on, so that it finds more to
//! do at a time (docs/PERFORMANCE.md).

use std::sync::atomic::{AtomicBool, Ordering};

/// So many connections are many for one thread.
const MANY: usize = 4;

/// Where such a thread runs.
#[derive(Default)]
pub(super) struct Place {
    /// None where the kernel is told nothing.
    core: Option<system::Core>,
    crowded: AtomicBool,
}

impl Place {
    /// One for each of so many threads: a core of its own where there are as many. Where a container's quota bounds the threads,
    /// it names no cores.
    pub(super) fn for_each(threads: usize) -> Vec<Self> {
        let cores = system::cores().filter(|cores| cores.len() == threads);
        let Some(cores) = cores else {
            return (0..threads).map(|_| Self::default()).collect();
        };
        let place = |core| Self {
            core: Some(core),
            ..Self::default()
        };
        cores.into_iter().map(place).collect()
    }

    /// This thread, whose place it is, has so many connections now.
    pub(super) fn serves(&self, connections: usize) {
        let Some(core) = &self.core else { return };
        let crowded = connections >= MANY;
        if self.crowded.swap(crowded, Ordering::Relaxed) == crowded {
            return;
        }
        if crowded {
            core.stay();
        } else {
            core.leave();
        }
    }

    /// This thread, begun by the one whose place it is, serves nobody.
    pub(super) fn leave(&self) {
        if let Some(core) = &self.core {
            core.leave();
        }
    }
}

/// What the kernel refuses, as some containers do, is left as it is: a thread runs in any case.
#[cfg(target_os = "linux")]
mod system {
    use rustix::process::getpriority_process;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };

    /// One of those that this process may run on.
    pub(super) struct Core {
        alone: CpuSet,
        all: CpuSet,
    }

    /// None if the kernel does not tell, or was told already how urgent this process is.
    pub(super) fn cores() -> Option<Vec<Core>> {
        let all = sched_getaffinity(None).ok()?;
        if getpriority_process(None) != Ok(0) {
            return None;
        }
        let core = |number| {
            let mut alone = CpuSet::new();
            alone.set(number);
            Core { alone, all }
        };
        let numbers = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number));
        Some(numbers.map(core).collect())
    }

    impl Core {
        /// Keeps this thread on it, and from pushing others aside.
        pub(super) fn stay(&self) {
            let _ = sched_setaffinity(None, &self.alone);
            scheduled(NormalThreadSchedulePolicy::Batch);
        }

        /// Lets this thread run as any other.
        pub(super) fn leave(&self) {
            let _ = sched_setaffinity(None, &self.all);
            scheduled(NormalThreadSchedulePolicy::Other);
        }
    }

    fn scheduled(policy: NormalThreadSchedulePolicy) {
        // Niceness 0 on the library's scale.
        let Ok(usual) = ThreadPriorityValue::try_from(47) else {
            return;
        };
        let policy = ThreadSchedulePolicy::Normal(policy);
        let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(usual), policy);
    }
}

/// Elsewhere the kernel is told nothing.
#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) enum Core {}

    pub(super) fn cores() -> Option<Vec<Core>> {
        None
    }

    impl Core {
        pub(super) fn stay(&self) {
            match *self {}
        }

        pub(super) fn leave(&self) {
            match *self {}
        }
    }
}
