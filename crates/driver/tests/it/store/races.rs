//! Many at once: threads, each with a store of its own as a process would have.

use std::sync::{Arc, Barrier};
use std::thread;

use evergrant_driver::store::{ClaimAnswer, CommitAnswer, Placement, Store};
use evergrant_engine::credential::Generation;
use evergrant_engine::store::ClaimState;

use super::fixture::{Bench, claim, commit, draft, grant, placed};

/// Eight stores, so that two cores are kept busy and the test stays short.
const STORES: u64 = 8;

fn at_once<T: Send>(bench: &dyn Bench, work: impl Fn(&dyn Store, u64) -> T + Sync) -> Vec<T> {
    let stores: Vec<Arc<dyn Store>> = (0..STORES).map(|_| bench.open()).collect();
    let start = Barrier::new(stores.len());
    let (start, work) = (&start, &work);
    thread::scope(|scope| {
        let threads: Vec<_> = stores
            .iter()
            .zip(0..)
            .map(|(store, number)| {
                scope.spawn(move || {
                    start.wait();
                    work(&**store, number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub(crate) fn many_claims_one_made(bench: &dyn Bench) {
    let record = placed(&*bench.open());
    for round in 0..10 {
        let token = format!("token-{round}");
        let answers = at_once(bench, |store, number| {
            store
                .claim(&claim(store, &record, &token, u128::from(number) + 1))
                .unwrap()
        });
        let made = answers.iter().filter(|answer| **answer == ClaimAnswer::Made).count();
        assert_eq!(made, 1, "{answers:?}");
    }
    assert_eq!(bench.open().open_claims().unwrap().len(), 10);
}

pub(crate) fn many_commits_one_done(bench: &dyn Bench) {
    let record = placed(&*bench.open());
    for round in 1..10 {
        let seen = bench.open().record(&record.id).unwrap().unwrap();
        let answers = at_once(bench, |store, number| {
            let next = format!("access-{round}-{number}");
            store
                .commit(&commit(store, seen.fence(), "refresh-1", &next, &next))
                .unwrap()
        });
        let done = answers
            .iter()
            .filter(|answer| matches!(answer, CommitAnswer::Done(_)))
            .count();
        assert_eq!(done, 1, "{answers:?}");
        let now = bench.open().record(&record.id).unwrap().unwrap();
        assert_eq!(now.generation, Generation(round + 1));
    }
}

pub(crate) fn many_logins_make_many_records(bench: &dyn Bench) {
    let records = at_once(bench, |store, _| {
        store
            .place(&draft("acme", None, grant("a", Some("r"))), &Placement::New)
            .unwrap()
    });
    let mut labels: Vec<_> = records.iter().map(|record| record.label.to_string()).collect();
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), records.len());
}

/// What is read of a record and its claim is of one moment: the token of the record is never one that was spent for it.
pub(crate) fn a_view_is_of_one_moment(bench: &dyn Bench) {
    let record = placed(&*bench.open());
    let rotated = std::sync::atomic::AtomicBool::new(false);
    let views = thread::scope(|scope| {
        let store = bench.open();
        let (id, rotated) = (&record.id, &rotated);
        let watcher = scope.spawn(move || {
            let mut views = 0_u64;
            while !rotated.load(std::sync::atomic::Ordering::Acquire) {
                let view = store.view(id).unwrap();
                let spent = view.claim.filter(|claim| claim.state == ClaimState::Spent);
                assert_eq!(spent, None, "its own token is spent, as of view {views}");
                views += 1;
            }
            views
        });
        let store = bench.open();
        for round in 1..200_u128 {
            let seen = store.record(id).unwrap().unwrap();
            let (old, next) = (format!("refresh-{round}"), format!("refresh-{}", round + 1));
            store.claim(&claim(&*store, &seen, &old, round)).unwrap();
            store
                .commit(&commit(&*store, seen.fence(), &old, "access", &next))
                .unwrap();
        }
        rotated.store(true, std::sync::atomic::Ordering::Release);
        watcher.join().unwrap()
    });
    assert!(views > 20, "{views}");
}
