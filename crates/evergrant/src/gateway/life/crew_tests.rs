//! Where the threads of a crew run, as the kernel tells it.

use std::fs::read_to_string;

use evergrant_driver::Failure;
use rustix::process::getpriority_process;
use rustix::thread::{CpuSet, sched_getaffinity};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::*;

/// What this thread is told.
#[derive(Debug, PartialEq, Eq)]
struct Terms {
    cores: CpuSet,
    policy: String,
    niceness: i32,
}

impl Terms {
    fn now() -> Self {
        let stat = read_to_string("/proc/thread-self/stat").unwrap();
        // From the third on; the 41st is the policy (proc(5)).
        let after = stat.rsplit_once(") ").unwrap().1;
        Self {
            cores: sched_getaffinity(None).unwrap(),
            policy: after.split(' ').nth(41 - 3).unwrap().to_owned(),
            niceness: getpriority_process(None).unwrap(),
        }
    }

    async fn of(hand: &Hand) -> Self {
        hand.runtime.spawn(async { Self::now() }).await.unwrap()
    }
}

/// Connections that are served until this is dropped.
fn connections(crew: &Crew, count: usize) -> Vec<oneshot::Sender<()>> {
    let one = |_| {
        let (end, ended) = oneshot::channel::<()>();
        crew.spawn(|| async {
            let _ = ended.await;
        });
        end
    };
    (0..count).map(one).collect()
}

#[tokio::test]
async fn with_few_connections_a_thread_runs_as_any_other() -> Result<(), Failure> {
    let usual = Terms::now();
    let crew = Crew::new()?;
    let _served = connections(&crew, 3 * crew.hands.len());
    for hand in &crew.hands {
        assert_eq!(Terms::of(hand).await, usual);
    }
    Ok(())
}

#[tokio::test]
async fn with_some_each_stays_on_a_core_of_its_own_and_with_many_on_none_until_they_are_few() -> Result<(), Failure> {
    const BATCH: &str = "3";
    let usual = Terms::now();
    let crew = Crew::new()?;

    let served = connections(&crew, 4 * crew.hands.len());
    // By `nice`, or in a container with a quota, nothing is told.
    if usual.niceness != 0 || usual.cores.count() as usize != crew.hands.len() {
        for hand in &crew.hands {
            assert_eq!(Terms::of(hand).await, usual);
        }
        return Ok(());
    }
    let mut taken = CpuSet::new();
    for hand in &crew.hands {
        let own = Terms::of(hand).await;
        assert_eq!((own.cores.count(), own.policy.as_str(), own.niceness), (1, BATCH, 0));
        let core = (0..CpuSet::MAX_CPU).find(|core| own.cores.is_set(*core)).unwrap();
        assert!(!taken.is_set(core), "core {core} is taken twice");
        taken.set(core);
        let blocking = hand.runtime.spawn(async { spawn_blocking(Terms::now).await.unwrap() });
        assert_eq!(blocking.await.unwrap(), usual);
    }
    assert_eq!(taken, usual.cores);

    let more = connections(&crew, 12 * crew.hands.len());
    for hand in &crew.hands {
        let own = Terms::of(hand).await;
        assert_eq!((own.cores, own.policy.as_str(), own.niceness), (usual.cores, BATCH, 0));
    }

    drop((served, more));
    for hand in &crew.hands {
        while hand.post.connections.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(Terms::of(hand).await, usual);
    }
    Ok(())
}

#[test]
fn more_threads_than_cores_are_told_nothing() {
    let usual = Terms::now();
    for place in Place::for_each(usual.cores.count() as usize + 1) {
        place.serves(100);
        assert_eq!(Terms::now(), usual);
    }
}
