//! What the contract says of claims, commits and quarantine, asked of any store.

use std::time::Duration;

use evergrant_driver::store::{ClaimAnswer, CommitAnswer, Placement, Quarantine, Store, StoreFault};
use evergrant_engine::credential::Generation;
use evergrant_engine::store::{ClaimState, Health, Record, Source};

use super::fixture::{
    Bench, access_token, claim, commit, draft, fingerprint, grant, last_error, moment, owner, placed, refresh_token,
};

pub(crate) fn a_claim_is_made_once(bench: &dyn Bench) {
    let (one, two) = (bench.open(), bench.open());
    let record = placed(&*one);
    let first = claim(&*one, &record, "refresh-1", 1);
    assert_eq!(one.claim(&first).unwrap(), ClaimAnswer::Made);
    let second = claim(&*two, &record, "refresh-1", 2);
    assert_eq!(
        two.claim(&second).unwrap(),
        ClaimAnswer::Stands(Box::new(first.clone()))
    );
    assert_eq!(two.claim_of(&first.fingerprint).unwrap(), Some(first.clone()));
    assert_eq!(bench.open().open_claims().unwrap(), [first]);
    assert_eq!(two.claim_of(&fingerprint(&*two, "another")).unwrap(), None);
}

pub(crate) fn a_claim_needs_the_generation_it_was_read_at(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let stale = claim(&*store, &record, "refresh-0", 1);
    store
        .commit(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    assert_eq!(store.claim(&stale), Err(StoreFault::Changed));
    let record = store.record(&record.id).unwrap().unwrap();
    store.bury(&record.id, moment(5).wall).unwrap();
    assert_eq!(
        store.claim(&claim(&*store, &record, "refresh-2", 1)),
        Err(StoreFault::Changed)
    );
    assert_eq!(store.open_claims().unwrap(), []);
}

pub(crate) fn only_the_attempt_that_holds_it_marks_sends_and_hands_over(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let made = claim(&*store, &record, "refresh-1", 1);
    let token = made.fingerprint;
    assert!(
        !store.mark_sent(&token, 1, &moment(4)).unwrap(),
        "there is no claim yet"
    );
    store.claim(&made).unwrap();
    assert!(!store.mark_sent(&token, 2, &moment(4)).unwrap());
    assert!(!store.take_over(&token, 2, &owner(3), &moment(4)).unwrap());
    assert!(store.mark_sent(&token, 1, &moment(4)).unwrap());
    assert!(store.take_over(&token, 1, &owner(2), &moment(9)).unwrap());
    assert!(!store.mark_sent(&token, 1, &moment(10)).unwrap());
    assert!(store.mark_sent(&token, 2, &moment(10)).unwrap());
    let now = store.claim_of(&token).unwrap().unwrap();
    assert_eq!((now.owner, now.claimed), (owner(2), moment(9)));
    assert_eq!(
        (now.sent, now.sends, now.state),
        (Some(moment(10)), 2, ClaimState::Open)
    );
    store
        .commit(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    assert!(!store.mark_sent(&token, 2, &moment(11)).unwrap(), "it is closed");
    assert!(
        !store.take_over(&token, 2, &owner(3), &moment(11)).unwrap(),
        "it is closed"
    );
}

pub(crate) fn a_token_surely_not_taken_is_free_again(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let made = claim(&*store, &record, "refresh-1", 1);
    for sent in [false, true] {
        assert_eq!(store.claim(&made).unwrap(), ClaimAnswer::Made);
        if sent {
            assert!(store.mark_sent(&made.fingerprint, 1, &moment(4)).unwrap());
        }
        store.release(&made.fingerprint, 2).unwrap();
        assert!(store.claim_of(&made.fingerprint).unwrap().is_some(), "another's claim");
        store.release(&made.fingerprint, 1).unwrap();
        assert_eq!(store.claim_of(&made.fingerprint).unwrap(), None);
        store.release(&made.fingerprint, 1).unwrap();
    }
}

pub(crate) fn an_unknown_outcome_outlives_a_later_release(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let made = claim(&*store, &record, "refresh-1", 1);
    store.claim(&made).unwrap();
    assert!(store.mark_sent(&made.fingerprint, 1, &moment(4)).unwrap());
    for (attempt, sends) in [(2, false), (3, true)] {
        assert!(
            store
                .take_over(&made.fingerprint, attempt - 1, &owner(attempt), &moment(9))
                .unwrap()
        );
        if sends {
            assert!(store.mark_sent(&made.fingerprint, attempt, &moment(10)).unwrap());
        }
        store.release(&made.fingerprint, attempt).unwrap();
        let left = store.claim_of(&made.fingerprint).unwrap().unwrap();
        assert_eq!(left.state, ClaimState::Open);
        assert!(left.sends >= 1);
    }
    // A claim that was never sent is free even after it was handed over.
    let (other, record) = (bench.open(), placed(&*store));
    let made = claim(&*other, &record, "refresh-9", 1);
    other.claim(&made).unwrap();
    assert!(other.take_over(&made.fingerprint, 1, &owner(2), &moment(9)).unwrap());
    other.release(&made.fingerprint, 2).unwrap();
    assert_eq!(other.claim_of(&made.fingerprint).unwrap(), None);
}

pub(crate) fn two_sends_of_one_attempt_leave_one_unknown(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let made = claim(&*store, &record, "refresh-1", 1);
    store.claim(&made).unwrap();
    assert!(store.mark_sent(&made.fingerprint, 1, &moment(4)).unwrap());
    assert!(store.mark_sent(&made.fingerprint, 1, &moment(5)).unwrap());
    store.release(&made.fingerprint, 1).unwrap();
    assert!(store.claim_of(&made.fingerprint).unwrap().is_some());
}

pub(crate) fn a_commit_is_one_step(bench: &dyn Bench) {
    let (store, other) = (bench.open(), bench.open());
    let record = placed(&*store);
    let made = claim(&*store, &record, "refresh-1", 1);
    store.claim(&made).unwrap();
    store.mark_sent(&made.fingerprint, 1, &moment(4)).unwrap();
    let renewal = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    let CommitAnswer::Done(done) = store.commit(&renewal).unwrap() else {
        panic!("nothing stood in the way");
    };
    assert_eq!((done.generation, done.epoch), (Generation(2), record.epoch));
    assert_eq!(
        (access_token(&done), refresh_token(&done)),
        ("access-2", Some("refresh-2"))
    );
    assert_eq!((done.standing.strikes, done.updated_at), (9, renewal.at));
    assert_eq!(other.record(&record.id).unwrap().unwrap(), *done);
    assert_eq!(
        other.claim_of(&made.fingerprint).unwrap().unwrap().state,
        ClaimState::Spent
    );
    assert_eq!(other.open_claims().unwrap(), []);
    // Once more, as a journal would: it is superseded by itself.
    assert_eq!(other.commit(&renewal).unwrap(), CommitAnswer::Superseded(done.clone()));
    assert_eq!(store.record(&record.id).unwrap().unwrap(), *done);
    let mut unknown = renewal;
    unknown.from.id = "nobody".into();
    unknown.material = grant("access-9", Some("refresh-9"));
    // Nobody is left to use what came, so that it is to be revoked: the refresh token first.
    assert_eq!(store.commit(&unknown).unwrap(), CommitAnswer::LoggedOut);
    let queued = store.revocations().unwrap();
    let told: Vec<_> = queued
        .iter()
        .map(|one| {
            (
                one.credential.as_str(),
                one.provider.as_str(),
                one.token.expose().as_str(),
            )
        })
        .collect();
    assert_eq!(told, [("nobody", "p", "refresh-9"), ("nobody", "p", "access-9")]);
    // What does not say whose it is, as an earlier version's journal does not, is not guessed.
    unknown.provider = "".into();
    assert!(matches!(store.commit(&unknown), Err(StoreFault::NoRecord(_))));
}

pub(crate) fn a_commit_is_refused_by_a_tombstone(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    store.bury(&record.id, moment(5).wall).unwrap();
    let late = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    assert_eq!(store.commit(&late).unwrap(), CommitAnswer::LoggedOut);
    let tombstone = store.record(&record.id).unwrap().unwrap();
    assert_eq!(tombstone.material.kind(), record.material.kind());
    assert!(matches!(tombstone.standing.health, Health::LoggedOut { .. }));
    // Its token was spent all the same.
    assert_eq!(store.open_claims().unwrap(), []);
    // Not even at the tombstone's own fence.
    let at_the_tombstone = commit(&*store, tombstone.fence(), "refresh-1", "access-2", "refresh-2");
    assert_eq!(store.commit(&at_the_tombstone).unwrap(), CommitAnswer::LoggedOut);
    assert_eq!(store.record(&record.id).unwrap().unwrap(), tombstone);
}

pub(crate) fn a_commit_is_superseded_by_a_login(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    let login = draft("acme", None, grant("login-access", Some("login-refresh")));
    let newer = store.place(&login, &Placement::Replace(record.fence())).unwrap();
    let late = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    assert_eq!(
        store.commit(&late).unwrap(),
        CommitAnswer::Superseded(Box::new(newer.clone()))
    );
    assert_eq!(store.record(&record.id).unwrap().unwrap(), newer);
}

pub(crate) fn a_token_that_was_not_rotated_can_be_claimed_again(bench: &dyn Bench) {
    let store = bench.open();
    let mut record = placed(&*store);
    for round in 1..4 {
        assert_eq!(
            store.claim(&claim(&*store, &record, "refresh-1", round)).unwrap(),
            ClaimAnswer::Made
        );
        let same = commit(&*store, record.fence(), "refresh-1", "access", "refresh-1");
        let CommitAnswer::Done(done) = store.commit(&same).unwrap() else {
            panic!("nothing stood in the way");
        };
        record = *done;
    }
    assert_eq!(record.generation, Generation(4));
    // A late twin of the last renewal must not close the claim of the next one.
    assert_eq!(
        store.claim(&claim(&*store, &record, "refresh-1", 9)).unwrap(),
        ClaimAnswer::Made
    );
    let mut late = record.fence();
    late.generation = Generation(3);
    let twin = commit(&*store, late, "refresh-1", "access", "refresh-1");
    assert!(matches!(store.commit(&twin).unwrap(), CommitAnswer::Superseded(_)));
    assert!(
        store
            .mark_sent(&fingerprint(&*store, "refresh-1"), 9, &moment(6))
            .unwrap()
    );
}

fn dead(store: &dyn Store, record: &Record, token: &str) -> Quarantine {
    Quarantine {
        fence: record.fence(),
        fingerprint: fingerprint(store, token),
        why: "invalid_grant".to_owned(),
        last_error: last_error(record),
        at: moment(5).wall,
    }
}

pub(crate) fn a_dead_token_is_dropped_and_never_claimed_again(bench: &dyn Bench) {
    for claimed in [true, false] {
        let store = bench.open();
        let record = store
            .place(
                &draft("acme", None, grant("access-1", Some(&format!("dead-{claimed}")))),
                &Placement::New,
            )
            .unwrap();
        let token = format!("dead-{claimed}");
        if claimed {
            store.claim(&claim(&*store, &record, &token, 1)).unwrap();
        }
        let quarantine = dead(&*store, &record, &token);
        assert!(store.quarantine(&quarantine).unwrap());
        let now = bench.open().record(&record.id).unwrap().unwrap();
        assert_eq!((access_token(&now), refresh_token(&now)), ("access-1", None));
        assert_eq!(now.fence(), record.fence());
        assert_eq!(now.standing.last_error, Some(Box::new(last_error(&record))));
        assert_eq!(
            now.standing.health,
            Health::Quarantined {
                fingerprint: quarantine.fingerprint,
                why: "invalid_grant".to_owned(),
                at: moment(5).wall,
            }
        );
        let ClaimAnswer::Stands(stands) = store.claim(&claim(&*store, &record, &token, 2)).unwrap() else {
            panic!("a dead token was claimed");
        };
        assert_eq!(stands.state, ClaimState::Dead);
        assert!(!store.quarantine(&quarantine).unwrap(), "it is done");
    }
}

pub(crate) fn a_quarantine_spares_what_moved_on(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let late = dead(&*store, &record, "refresh-1");
    store
        .commit(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    let rotated = store.record(&record.id).unwrap().unwrap();
    assert!(!store.quarantine(&late).unwrap());
    assert!(
        !store.quarantine(&dead(&*store, &rotated, "refresh-1")).unwrap(),
        "another token"
    );
    assert_eq!(store.record(&record.id).unwrap().unwrap(), rotated);
    assert_eq!(
        store.claim_of(&late.fingerprint).unwrap().unwrap().state,
        ClaimState::Spent
    );
}

pub(crate) fn a_login_clears_what_stood_on_its_own_token_and_nothing_else(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    assert!(store.quarantine(&dead(&*store, &record, "refresh-1")).unwrap());
    let login = draft("acme", None, grant("access-2", Some("refresh-2")));
    let second = store.place(&login, &Placement::Replace(record.fence())).unwrap();
    let old = fingerprint(&*store, "refresh-1");
    assert_eq!(store.claim_of(&old).unwrap().unwrap().state, ClaimState::Dead);
    // An import may bring a dead token back; it stays dead.
    let mut import = draft("acme", Some("imported"), grant("access-3", Some("refresh-1")));
    import.source = Source::Imported("tool".to_owned());
    store.place(&import, &Placement::New).unwrap();
    assert_eq!(store.claim_of(&old).unwrap().unwrap().state, ClaimState::Dead);
    // A provider that gives the same token to a new login has just said that it is good.
    let same = draft("acme", None, grant("access-4", Some("refresh-1")));
    let third = store.place(&same, &Placement::Replace(second.fence())).unwrap();
    assert_eq!(
        store.claim(&claim(&*store, &third, "refresh-1", 7)).unwrap(),
        ClaimAnswer::Made
    );
}

pub(crate) fn a_closed_claim_is_pruned_after_thirty_days_and_stays_closed_for_good(bench: &dyn Bench) {
    let store = bench.open();
    let (record, other) = (placed(&*store), placed(&*store));
    let day = Duration::from_secs(24 * 3_600);
    store
        .commit(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    let record = store.record(&record.id).unwrap().unwrap();
    assert!(store.quarantine(&dead(&*store, &record, "refresh-2")).unwrap());
    store.claim(&claim(&*store, &other, "still-open", 1)).unwrap();
    let written_after = |days: u32| {
        let mut draft = draft("acme", None, grant("x", None));
        draft.at = moment(4).wall.plus(day * days);
        store.place(&draft, &Placement::New).unwrap();
        ["refresh-1", "refresh-2", "still-open"].map(|token| {
            let claim = store.claim_of(&fingerprint(&*store, token)).unwrap();
            claim.map(|claim| (claim.state, claim.credential.as_str().is_empty()))
        })
    };
    let (whole, pruned) = (|state| Some((state, false)), |state| Some((state, true)));
    let (spent, dead, open) = (ClaimState::Spent, ClaimState::Dead, ClaimState::Open);
    assert_eq!(written_after(29), [whole(spent), whole(dead), whole(open)]);
    assert_eq!(
        written_after(31),
        [pruned(spent), whole(dead), whole(open)],
        "whole as long as its credential lives"
    );
    store.bury(&record.id, moment(4).wall).unwrap();
    store.bury(&other.id, moment(4).wall).unwrap();
    assert_eq!(written_after(32), [pruned(spent), pruned(dead), None]);
}
