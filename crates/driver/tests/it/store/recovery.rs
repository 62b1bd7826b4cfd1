//! What is found after a process died: at any instruction, with any part of a write done.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use evergrant_driver::store::{Commit, LockName, Mode, Store, StoreFault, this_process};
use evergrant_engine::credential::Generation;
use evergrant_engine::store::{ClaimState, Record};

use super::fixture::{
    Bench, SqliteBench, access_token, claim, commit, fingerprint, make_private, moment, placed, refresh_token,
};
use super::peer::Peer;

/// A record whose renewal was answered and written to the journal, and then the process died.
fn interrupted(bench: &SqliteBench) -> (Record, Commit) {
    let store = bench.open();
    let record = placed(&*store);
    let made = claim(&*store, &record, "refresh-1", 1);
    store.claim(&made).unwrap();
    let journal = store.prepare_journal(&record.id).unwrap();
    assert!(store.mark_sent(&made.fingerprint, 1, &moment(4)).unwrap());
    let renewal = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    journal.write(&renewal).unwrap();
    (record, renewal)
}

/// Puts a journal back as it was found, ours alone.
fn rewrite(path: &Path, contents: &[u8]) {
    fs::write(path, contents).unwrap();
    make_private(path);
}

fn generation_of(store: &dyn Store, record: &Record) -> Generation {
    store.record(&record.id).unwrap().unwrap().generation
}

#[test]
fn opening_finishes_a_journal() {
    let bench = SqliteBench::new();
    let (record, renewal) = interrupted(&bench);
    let store = bench.open();
    let now = store.record(&record.id).unwrap().unwrap();
    assert_eq!(
        (access_token(&now), refresh_token(&now)),
        ("access-2", Some("refresh-2"))
    );
    assert_eq!(now.generation, Generation(2));
    assert_eq!(now.standing.strikes, renewal.standing.strikes);
    assert_eq!(
        store.claim_of(&renewal.spent).unwrap().unwrap().state,
        ClaimState::Spent
    );
    assert!(!bench.journal(&record.id).exists());
}

#[test]
fn looking_leaves_a_journal_alone() {
    let bench = SqliteBench::new();
    let (record, _) = interrupted(&bench);
    let store = bench.try_open(Mode::ReadOnly).unwrap();
    assert_eq!(generation_of(&store, &record), Generation(1));
    assert!(bench.journal(&record.id).exists());
}

#[test]
fn taking_the_lock_finishes_a_journal() {
    let bench = SqliteBench::new();
    let running = bench.open();
    let (record, _) = interrupted(&bench);
    let name = LockName::Credential(record.id.clone());
    let held = running.try_lock(&name, &this_process(moment(0).wall)).unwrap();
    assert!(held.is_some());
    assert_eq!(generation_of(&*running, &record), Generation(2));
    assert!(!bench.journal(&record.id).exists());
}

#[test]
fn a_journal_of_a_living_holder_is_left_to_it() {
    let bench = SqliteBench::new();
    let running = bench.open();
    let record = placed(&*running);
    let name = LockName::Credential(record.id.clone());
    let held = running.try_lock(&name, &this_process(moment(0).wall)).unwrap().unwrap();
    let journal = running.prepare_journal(&record.id).unwrap();
    let renewal = commit(&*running, record.fence(), "refresh-1", "access-2", "refresh-2");
    let room = fs::metadata(bench.journal(&record.id)).unwrap().len();
    assert_eq!(room, 64 * 1024, "the room is kept before anything is sent");
    drop(bench.open());
    journal.write(&renewal).unwrap();
    assert_eq!(fs::metadata(bench.journal(&record.id)).unwrap().len(), room);
    assert_eq!(generation_of(&*bench.open(), &record), Generation(1));
    // Nor is an answer that waits for its commit overwritten by another renewal.
    assert!(matches!(
        running.prepare_journal(&record.id),
        Err(StoreFault::Unwritable { .. })
    ));
    running.commit(&renewal).unwrap();
    journal.remove().unwrap();
    drop(held);
    assert_eq!(generation_of(&*bench.open(), &record), Generation(2));
}

#[test]
fn who_lost_its_lock_takes_no_journal_along() {
    let bench = SqliteBench::new();
    let store = bench.open();
    let record = placed(&*store);
    let renewal = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    // Stopped after its claim, and its lock lost; the next one has its room, then its answer.
    let stopped = store.prepare_journal(&record.id).unwrap();
    let next = store.prepare_journal(&record.id).unwrap();
    stopped.remove().unwrap();
    assert!(bench.journal(&record.id).exists(), "the room of another");
    let stopped = store.prepare_journal(&record.id).unwrap();
    next.write(&renewal).unwrap();
    stopped.remove().unwrap();
    drop(next);
    assert_eq!(generation_of(&*bench.open(), &record), Generation(2));
    assert!(!bench.journal(&record.id).exists());
}

#[test]
fn an_answer_is_saved_though_its_room_was_taken_away() {
    let bench = SqliteBench::new();
    let store = bench.open();
    let record = placed(&*store);
    let renewal = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    let journal = store.prepare_journal(&record.id).unwrap();
    fs::remove_file(bench.journal(&record.id)).unwrap();
    journal.write(&renewal).unwrap();
    assert_eq!(generation_of(&*bench.open(), &record), Generation(2));
}

#[test]
fn a_journal_torn_at_any_byte_is_no_answer_and_no_obstacle() {
    let bench = SqliteBench::new();
    let (record, renewal) = interrupted(&bench);
    let path = bench.journal(&record.id);
    let whole = fs::read(&path).unwrap();
    let written = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    fs::remove_file(&path).unwrap();
    let store = bench.open();
    let name = LockName::Credential(record.id.clone());
    for cut in 0..written {
        // The rest of the room as zeros; now and then the file ends there.
        for tail in [whole.len() - cut, 0].into_iter().take(1 + usize::from(cut % 16 == 0)) {
            let mut torn = whole[..cut].to_vec();
            torn.resize(cut + tail, 0);
            rewrite(&path, &torn);
            let before = store.record(&record.id).unwrap();
            assert!(store.try_lock(&name, &this_process(moment(0).wall)).unwrap().is_some());
            assert_eq!(store.record(&record.id).unwrap(), before, "cut at {cut}");
            assert!(!path.exists(), "cut at {cut}");
        }
    }
    // Uncut it is the answer.
    rewrite(&path, &whole);
    assert!(store.try_lock(&name, &this_process(moment(0).wall)).unwrap().is_some());
    assert_eq!(generation_of(&*store, &record), renewal.from.generation.next());
}

#[test]
fn a_torn_journal_leaves_the_outcome_unknown() {
    let bench = SqliteBench::new();
    let (record, renewal) = interrupted(&bench);
    let path = bench.journal(&record.id);
    let mut torn = fs::read(&path).unwrap();
    torn[100] ^= 1;
    rewrite(&path, &torn);
    let store = bench.open();
    assert_eq!(generation_of(&*store, &record), Generation(1));
    let left = store.claim_of(&renewal.spent).unwrap().unwrap();
    assert_eq!((left.state, left.sends), (ClaimState::Open, 1));
    assert!(!path.exists());
}

#[test]
fn a_journal_loses_to_a_logout_and_to_itself() {
    let bench = SqliteBench::new();
    let (record, renewal) = interrupted(&bench);
    let whole = fs::read(bench.journal(&record.id)).unwrap();
    let store = bench.open();
    assert_eq!(generation_of(&*store, &record), Generation(2));
    rewrite(&bench.journal(&record.id), &whole);
    let again = bench.open();
    assert_eq!(generation_of(&*again, &record), Generation(2), "once is enough");
    assert!(!bench.journal(&record.id).exists());
    store.bury(&renewal.from.id, moment(9).wall).unwrap();
    let tombstone = store.record(&record.id).unwrap();
    rewrite(&bench.journal(&record.id), &whole);
    assert_eq!(bench.open().record(&record.id).unwrap(), tombstone);
    assert!(!bench.journal(&record.id).exists());
    assert_eq!(store.revocations().unwrap(), [], "a removal revokes nothing");
}

#[test]
fn a_journal_that_is_found_after_a_logout_is_revoked() {
    let bench = SqliteBench::new();
    let (record, _) = interrupted(&bench);
    let running = bench.try_open(Mode::ReadOnly).unwrap();
    // Its lock could not be had: the logout did without, and did not see the answer.
    let whole = fs::read(bench.journal(&record.id)).unwrap();
    fs::remove_file(bench.journal(&record.id)).unwrap();
    let store = bench.open();
    store.log_out(&record.id, moment(9).wall).unwrap();
    let tombstone = store.record(&record.id).unwrap();
    rewrite(&bench.journal(&record.id), &whole);
    let again = bench.open();
    assert_eq!(again.record(&record.id).unwrap(), tombstone);
    assert!(!bench.journal(&record.id).exists());
    let waiting = running.revocations().unwrap();
    let tokens: Vec<&str> = waiting.iter().map(|one| one.token.expose().as_str()).collect();
    assert_eq!(tokens, ["refresh-2", "access-2", "refresh-1", "access-1"]);
}

#[test]
fn a_journal_that_cannot_be_read_by_us_stops_only_its_own_credential() {
    let bench = SqliteBench::new();
    let (record, _) = interrupted(&bench);
    fs::remove_file(bench.journal(&record.id)).unwrap();
    fs::create_dir(bench.journal(&record.id)).unwrap();
    let store = bench.open();
    assert_eq!(generation_of(&*store, &record), Generation(1));
    let name = LockName::Credential(record.id.clone());
    assert!(store.try_lock(&name, &this_process(moment(0).wall)).is_err());
    fs::remove_dir(bench.journal(&record.id)).unwrap();
    assert!(store.try_lock(&name, &this_process(moment(0).wall)).unwrap().is_some());
}

#[test]
fn a_log_cut_anywhere_gives_an_earlier_state_whole() {
    let bench = SqliteBench::new();
    let running = bench.open();
    let mut record = placed(&*running);
    for next in 2..8 {
        let token = refresh_token(&record).unwrap().to_owned();
        running.claim(&claim(&*running, &record, &token, 1)).unwrap();
        let renewal = commit(
            &*running,
            record.fence(),
            &token,
            &format!("access-{next}"),
            &format!("refresh-{next}"),
        );
        running.commit(&renewal).unwrap();
        record = running.record(&record.id).unwrap().unwrap();
    }
    // The files as a kill would leave them, cut as a lost sector would.
    let copy = bench.copy();
    drop(running);
    let log = fs::read(copy.beside("-wal")).unwrap();
    let database = fs::read(copy.home.database()).unwrap();
    let mut seen = 0;
    for cut in (0..=log.len()).step_by(1_500).chain([log.len()]) {
        fs::write(copy.home.database(), &database).unwrap();
        fs::write(copy.beside("-wal"), &log[..cut]).unwrap();
        let _ = fs::remove_file(copy.beside("-shm"));
        let store = copy.open();
        let Some(found) = store.record(&record.id).unwrap() else {
            assert_eq!(seen, 0, "cut at {cut}");
            continue;
        };
        let generation = found.generation.0;
        assert!(generation >= seen, "cut at {cut}");
        seen = generation;
        assert_eq!(access_token(&found), format!("access-{generation}"));
        for spent in 1..generation {
            let token = fingerprint(&*store, &format!("refresh-{spent}"));
            assert_eq!(
                store.claim_of(&token).unwrap().unwrap().state,
                ClaimState::Spent,
                "cut at {cut}"
            );
        }
    }
    assert_eq!(seen, 7);
}

#[test]
fn a_process_killed_anywhere_in_a_renewal_loses_no_answer() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    let mut last = 1;
    for round in 0..24 {
        let mut peer = Peer::start(&bench.home, "renew");
        peer.go();
        for _ in 0..=round % 5 {
            peer.line().unwrap();
        }
        let said = peer.kill_and_drain();
        // An answer that was received is durable, whether its commit was reached or not.
        let committed = said
            .iter()
            .rev()
            .find_map(|line| line.parse::<u64>().ok())
            .unwrap_or(last);
        let received = u64::from(said.last().is_some_and(|line| line == "received"));
        let store = bench.open();
        let now = store.record(&record.id).unwrap().unwrap();
        assert!(
            now.generation.0 >= committed + received,
            "{said:?} and {}",
            now.generation.0
        );
        assert!(store.open_claims().unwrap().len() <= 1, "{said:?}");
        assert!(!bench.journal(&record.id).exists());
        last = now.generation.0;
        // What is open is the present token's: let it go, so that the next round can renew.
        for open in store.open_claims().unwrap() {
            assert_eq!(open.generation.0, last);
            let renewal = commit(
                &*store,
                now.fence(),
                refresh_token(&now).unwrap(),
                "access",
                &format!("again-{round}"),
            );
            store.commit(&renewal).unwrap();
            last += 1;
        }
    }
    assert!(last > 24);
}

#[test]
fn many_processes_claim_each_token_once() {
    let bench = SqliteBench::new();
    placed(&*bench.open());
    let mut peers: Vec<_> = (0..6).map(|_| Peer::start(&bench.home, "claim")).collect();
    for peer in &mut peers {
        peer.go();
    }
    let made: u64 = peers
        .iter_mut()
        .map(|peer| peer.line().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(made, 100);
    assert_eq!(bench.open().open_claims().unwrap().len(), 100);
}

#[test]
fn processes_that_come_and_go_do_not_disturb_each_other() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    let mut peers: Vec<_> = (0..12).map(|_| Peer::start(&bench.home, "come-and-go")).collect();
    for peer in &mut peers {
        peer.go();
    }
    let said: Vec<_> = peers.iter_mut().map(|peer| peer.line().unwrap()).collect();
    assert_eq!(said, vec!["no fault"; 12]);
    let standing = bench.open().record(&record.id).unwrap().unwrap().standing;
    assert_eq!(standing.strikes, 12 * 30, "no write was lost");
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_holder_frees_the_lock_and_a_stopped_one_is_seen() {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
    let bench = SqliteBench::new();
    let store = bench.open();
    let name = LockName::Credential(placed(&*store).id);
    let ours = this_process(moment(9).wall);
    let mut peer = Peer::start(&bench.home, "hold");
    peer.go();
    assert_eq!(peer.line().unwrap(), "held");
    assert!(store.try_lock(&name, &ours).unwrap().is_none());
    let holder = store.holder(&name).unwrap().unwrap();
    assert_eq!(
        (holder.owner.pid, holder.owner.since, holder.stopped),
        (peer.id(), moment(5).wall, false)
    );
    let pid = Pid::from_raw(i32::try_from(peer.id()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED).unwrap();
    assert!(store.holder(&name).unwrap().unwrap().stopped);
    assert!(
        store.try_lock(&name, &ours).unwrap().is_none(),
        "a stopped holder still holds"
    );
    peer.kill();
    assert!(store.try_lock(&name, &ours).unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_generation_that_was_reported() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    // Kept open, so that the log grows until it meets the limit.
    let running: Arc<dyn Store> = bench.open();
    let mut peer = Peer::start_with_file_limit(&bench.home, "renew", 600);
    peer.go();
    let said: Vec<_> = std::iter::from_fn(|| peer.line()).collect();
    assert_eq!(said.last().unwrap(), "store-unwritable", "{said:?}");
    let reported = said.iter().rev().find_map(|line| line.parse::<u64>().ok()).unwrap();
    let answered = u64::from(said[said.len() - 2] == "received");
    drop(running);
    let store = bench.open();
    // The journal had its room already, so even an answer that could not be committed then is there now.
    assert_eq!(generation_of(&*store, &record).0, reported + answered);
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_for_the_answer_is_found_before_anything_is_claimed() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    let mut peer = Peer::start_with_file_limit(&bench.home, "renew", 48);
    peer.go();
    let said: Vec<_> = std::iter::from_fn(|| peer.line()).collect();
    assert_eq!(said, ["store-unwritable"]);
    let store = bench.open();
    assert_eq!(generation_of(&*store, &record), Generation(1));
    assert!(store.open_claims().unwrap().is_empty());
}

#[test]
fn a_crash_while_the_store_is_made_leaves_none_or_all() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    // What another attempt left behind is not taken for the store, and does no harm.
    fs::write(bench.home.root().join(".evergrant.db.0123456789abcdef.tmp"), b"half").unwrap();
    assert_eq!(bench.open().records().unwrap(), [record]);
    // A log without its database belongs to nothing that could be made now.
    let running = bench.open();
    placed(&*running);
    let copy = bench.copy();
    drop(running);
    fs::remove_file(copy.home.database()).unwrap();
    assert!(copy.beside("-wal").exists());
    let fresh = copy.try_open(Mode::Create).unwrap();
    assert_eq!(fresh.records().unwrap(), []);
}
