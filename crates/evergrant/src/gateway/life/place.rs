//! How the kernel runs a thread that serves, by what was measured (docs/PERFORMANCE.md).

use std::sync::atomic::{AtomicU8, Ordering};

/// So many connections are some for one thread.
const SOME: usize = 4;

/// So many always have work for it.
const MANY: usize = 16;

/// By how much a thread has to do.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Way {
    /// With few connections as the kernel likes, so that each request is answered the soonest.
    Usual,
    /// With some on a core of its own, where it waits for the slice of no other one that serves; woken, it lets what runs there go
    /// on, so that it finds more to do at a time.
    AtHome,
    /// With many on whichever core is free, in such batches, too: on its own one it would wait while another has nothing to do.
    Anywhere,
}

/// Where such a thread runs.
pub(super) struct Place {
    /// None where the kernel is told nothing.
    core: Option<system::Core>,
    way: AtomicU8,
}

impl Place {
    /// One for each of so many threads: a core of its own where there are as many. Where a container's quota bounds the threads,
    /// it names no cores.
    pub(super) fn for_each(threads: usize) -> Vec<Self> {
        let cores = system::cores().filter(|cores| cores.len() == threads);
        let Some(cores) = cores else {
            return (0..threads).map(|_| Self::at(None)).collect();
        };
        cores.into_iter().map(|core| Self::at(Some(core))).collect()
    }

    const fn at(core: Option<system::Core>) -> Self {
        let way = AtomicU8::new(Way::Usual as u8);
        Self { core, way }
    }

    /// This thread, whose place it is, has so many connections now.
    pub(super) fn serves(&self, connections: usize) {
        let Some(core) = &self.core else { return };
        let way = match connections {
            MANY.. => Way::Anywhere,
            SOME.. => Way::AtHome,
            _ => Way::Usual,
        };
        if self.way.swap(way as u8, Ordering::Relaxed) != way as u8 {
            core.run(way);
        }
    }

    /// This thread, begun by the one whose place it is, serves nobody.
    pub(super) fn leave(&self) {
        if let Some(core) = &self.core {
            core.run(Way::Usual);
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

    use super::Way;

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
        /// This thread, from now on.
        pub(super) fn run(&self, way: Way) {
            let (cores, policy) = match way {
                Way::Usual => (&self.all, NormalThreadSchedulePolicy::Other),
                Way::AtHome => (&self.alone, NormalThreadSchedulePolicy::Batch),
                Way::Anywhere => (&self.all, NormalThreadSchedulePolicy::Batch),
            };
            let _ = sched_setaffinity(None, cores);
            scheduled(policy);
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
        pub(super) fn run(&self, _way: super::Way) {
            match *self {}
        }
    }
}
