//! What every store promises about bringing a backup back.

use evergrant_driver::store::{Backup, ClaimAnswer, Placement, RestoreAnswer, Restored, Store};
use evergrant_engine::credential::{Epoch, Fence, Generation, Material};
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{ClaimState, Health, Left, Record, Source};
use evergrant_engine::time::Timestamp;

use super::fixture::{Bench, access_token, claim, commit, draft, fingerprint, grant, moment, owner, placed};

fn backup_of(store: &dyn Store) -> Backup {
    let mut records = store.records().unwrap();
    records.retain(|record| record.material != Material::Gone);
    Backup {
        taken_at: moment(100).wall,
        records,
    }
}

fn now() -> Timestamp {
    moment(200).wall
}

/// Brings it back as whoever has waited for every renewal under way.
fn restored(store: &dyn Store, backup: &Backup, revive: bool, now: Timestamp) -> Vec<Restored> {
    let mut settled = Vec::new();
    loop {
        match store.restore(backup, revive, &settled, now).unwrap() {
            RestoreAnswer::Done(restored) => return restored,
            RestoreAnswer::Unsettled(fences) => settled.extend(fences),
        }
    }
}

#[track_caller]
fn back(restored: &[Restored]) -> Record {
    match restored {
        [Restored::Back(record)] => Record::clone(record),
        other => panic!("it did not come back: {other:?}"),
    }
}

pub(crate) fn a_removed_grant_comes_back_and_is_claimed_as_sent(bench: &dyn Bench) {
    let store = bench.open();
    let before = placed(&*store);
    let backup = backup_of(&*store);
    store.bury(&before.id, moment(150).wall).unwrap();
    let left = restored(&*store, &backup, false, now());
    let ended = Left::Ended(Some(moment(150).wall));
    assert_eq!(left, [Restored::Left(ended)], "it was removed here");
    let record = back(&restored(&*store, &backup, true, now()));
    assert_eq!(bench.open().record(&before.id).unwrap().unwrap(), record);
    assert_eq!((record.generation, record.epoch), (Generation(2), Epoch(3)));
    assert_eq!(access_token(&record), "access-1");
    let since = moment(100).wall;
    assert_eq!(record.standing.health, Health::OutcomeUnknown { since });
    // It cannot be claimed as if nobody had sent it, and no later release frees it.
    let token = fingerprint(&*store, "refresh-1");
    let ClaimAnswer::Stands(standing) = store.claim(&claim(&*store, &record, "refresh-1", 7)).unwrap() else {
        panic!("it was claimed anew");
    };
    assert_eq!(standing.state, ClaimState::Open);
    assert_eq!(standing.sent.unwrap().wall, since);
    assert!(store.take_over(&token, 0, &owner(8), &moment(300)).unwrap());
    assert!(store.mark_sent(&token, 8, &moment(300)).unwrap());
    store.release(&token, 8).unwrap();
    assert!(store.claim_of(&token).unwrap().is_some());
    // And it is renewed as any other.
    let committed = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    store.commit(&committed).unwrap();
    assert_eq!(store.claim_of(&token).unwrap().unwrap().state, ClaimState::Spent);
    assert_eq!(store.open_claims().unwrap(), []);
}

pub(crate) fn what_lives_is_left_as_it_is(bench: &dyn Bench) {
    let store = bench.open();
    placed(&*store);
    let key = draft("acme", Some("key"), Material::ApiKey(Secret::from("key-1")));
    store.place(&key, &Placement::New).unwrap();
    let backup = backup_of(&*store);
    let before = (store.records().unwrap(), store.open_claims().unwrap());
    for revive in [false, true] {
        let restored = restored(&*store, &backup, revive, now());
        // Both were made at the same moment, so that their ids order them.
        let here = backup
            .records
            .iter()
            .map(|record| Restored::Left(Left::Here(record.label.clone())));
        assert_eq!(restored, here.collect::<Vec<_>>());
        assert_eq!(restored.len(), 2);
    }
    assert_eq!((store.records().unwrap(), store.open_claims().unwrap()), before);
}

pub(crate) fn a_logout_is_undone_only_on_demand_and_while_it_waits(bench: &dyn Bench) {
    let store = bench.open();
    let before = placed(&*store);
    let backup = backup_of(&*store);
    store.log_out(&before.id, moment(150).wall).unwrap();
    restored(&*store, &backup, false, now());
    assert_eq!(store.record(&before.id).unwrap().unwrap().material, Material::Gone);
    assert_eq!(store.revocations().unwrap().len(), 2);
    back(&restored(&*store, &backup, true, now()));
    assert_eq!(store.revocations().unwrap(), [], "what serves is not revoked");
    // Once the provider has revoked it, it is dead.
    store.log_out(&before.id, moment(250).wall).unwrap();
    for revocation in store.revocations().unwrap() {
        store.settle_revocation(&revocation.fingerprint).unwrap();
    }
    let dead = restored(&*store, &backup, true, now());
    assert_eq!(dead, [Restored::Left(Left::Dead)]);
    assert_eq!(store.record(&before.id).unwrap().unwrap().material, Material::Gone);
}

pub(crate) fn a_spent_token_does_not_come_back(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let backup = backup_of(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    let committed = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    store.commit(&committed).unwrap();
    store.bury(&record.id, moment(150).wall).unwrap();
    let restored = restored(&*store, &backup, true, now());
    assert_eq!(restored, [Restored::Left(Left::Spent)]);
    let claim = store.claim_of(&fingerprint(&*store, "refresh-1")).unwrap().unwrap();
    assert_eq!(claim.state, ClaimState::Spent);
}

pub(crate) fn a_backup_of_any_age_brings_no_spent_token_back(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let backup = backup_of(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    let committed = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    store.commit(&committed).unwrap();
    store.bury(&record.id, moment(150).wall).unwrap();
    // Long after, and after everything old was pruned.
    let late = moment(400 * 86_400).wall;
    let mut another = draft("acme", None, grant("access-9", Some("refresh-9")));
    another.at = late;
    store.place(&another, &Placement::New).unwrap();
    for store in [&store, &bench.open()] {
        let restored = restored(&**store, &backup, true, late);
        assert_eq!(restored, [Restored::Left(Left::Spent)]);
    }
    // The same for whoever else brings it, under whatever name.
    let mut copy = draft("acme", Some("copy"), grant("access-1", Some("refresh-1")));
    copy.source = Source::Imported("tool".to_owned());
    let copy = store.place(&copy, &Placement::New).unwrap();
    assert_eq!(store.view(&copy.id).unwrap().claim.unwrap().state, ClaimState::Spent);
    let stands = store.claim(&claim(&*store, &copy, "refresh-1", 7)).unwrap();
    assert!(matches!(stands, ClaimAnswer::Stands(_)), "{stands:?}");
}

pub(crate) fn a_queued_revocation_is_not_undone_under_another_id(bench: &dyn Bench) {
    let store = bench.open();
    let login = draft("acme", None, grant("access-1", None));
    let before = store.place(&login, &Placement::New).unwrap();
    let mut backup = backup_of(&*store);
    backup.records[0].id = "anotherid".into();
    store.log_out(&before.id, moment(150).wall).unwrap();
    let queued = store.revocations().unwrap();
    assert_eq!(queued.len(), 1, "its access token");
    let left = restored(&*store, &backup, false, now());
    assert_eq!(left, [Restored::Left(Left::Ended(None))]);
    assert_eq!(store.revocations().unwrap(), queued);
    back(&restored(&*store, &backup, true, now()));
    assert_eq!(store.revocations().unwrap(), [], "what serves is not revoked");
}

pub(crate) fn a_revival_needs_a_tombstone_whose_renewal_has_ended(bench: &dyn Bench) {
    let store = bench.open();
    let before = placed(&*store);
    let backup = backup_of(&*store);
    let tried = |settled: &[Fence]| bench.open().restore(&backup, true, settled, now()).unwrap();
    assert!(
        matches!(tried(&[]), RestoreAnswer::Done(_)),
        "what lives is left, whoever renews it"
    );
    store.bury(&before.id, moment(150).wall).unwrap();
    let tombstone = store.record(&before.id).unwrap().unwrap();
    assert_eq!(tried(&[]), RestoreAnswer::Unsettled(vec![tombstone.fence()]));
    assert_eq!(
        store.record(&before.id).unwrap().unwrap(),
        tombstone,
        "nothing was written"
    );
    // Logged in and out again since its lock was free: another renewal may be under way.
    let login = draft("acme", None, grant("access-5", Some("refresh-5")));
    store.place(&login, &Placement::Replace(tombstone.fence())).unwrap();
    store.bury(&before.id, moment(160).wall).unwrap();
    let second = store.record(&before.id).unwrap().unwrap();
    assert_eq!(
        tried(&[tombstone.fence()]),
        RestoreAnswer::Unsettled(vec![second.fence()])
    );
    assert!(matches!(tried(&[second.fence()]), RestoreAnswer::Done(_)));
    assert_eq!(access_token(&store.record(&before.id).unwrap().unwrap()), "access-1");
}

pub(crate) fn whoever_claimed_what_would_come_back_has_ended_first(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let mut backup = backup_of(&*store);
    backup.records[0].id = "anotherid".into();
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    assert!(
        store
            .mark_sent(&fingerprint(&*store, "refresh-1"), 1, &moment(4))
            .unwrap()
    );
    store.bury(&record.id, moment(150).wall).unwrap();
    let tombstone = store.record(&record.id).unwrap().unwrap();
    let answer = store.restore(&backup, false, &[], now()).unwrap();
    assert_eq!(answer, RestoreAnswer::Unsettled(vec![tombstone.fence()]));
    // Its answer came meanwhile: the token is spent.
    let late = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    store.commit(&late).unwrap();
    let left = restored(&*store, &backup, false, now());
    assert_eq!(left, [Restored::Left(Left::Spent)]);
}

pub(crate) fn what_is_being_revoked_is_not_revived(bench: &dyn Bench) {
    let store = bench.open();
    let before = placed(&*store);
    let backup = backup_of(&*store);
    store.log_out(&before.id, moment(150).wall).unwrap();
    // The access token, though the refresh token was not tried yet.
    let trying = store.revocations().unwrap().remove(1);
    let (tried, next) = (moment(195).wall, moment(210).wall);
    assert!(store.try_revocation(&trying, tried, next).unwrap());
    let queue = store.revocations().unwrap();
    let left = restored(&*store, &backup, true, now());
    assert_eq!(left, [Restored::Left(Left::Revoking)]);
    assert_eq!(store.revocations().unwrap(), queue);
    assert_eq!(store.record(&before.id).unwrap().unwrap().material, Material::Gone);
    // It did not come to anything; that it can be had back is true again.
    store.defer_revocation(&trying.fingerprint, "no answer", next).unwrap();
    back(&restored(&*store, &backup, true, moment(226).wall));
    assert_eq!(store.revocations().unwrap(), []);
}

pub(crate) fn a_label_that_is_taken_gets_a_number(bench: &dyn Bench) {
    let store = bench.open();
    let first = placed(&*store);
    let backup = backup_of(&*store);
    store.bury(&first.id, moment(150).wall).unwrap();
    let other = draft("acme", Some("default"), grant("access-9", Some("refresh-9")));
    store.place(&other, &Placement::New).unwrap();
    let record = back(&restored(&*store, &backup, true, now()));
    assert_eq!(record.label.as_str(), "default-2");
    assert_eq!(record.id, first.id);
}
