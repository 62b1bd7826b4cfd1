//! What every store promises about logouts, and about tokens that wait for their revocation.

use evergrant_driver::store::{CommitAnswer, Placement, Store};
use evergrant_engine::credential::{Epoch, Material};
use evergrant_engine::login::TokenHint;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{ClaimState, Health, Revocation, Source};

use super::fixture::{Bench, claim, commit, draft, fingerprint, grant, moment, owner, placed};

/// What waits, by token and hint.
fn waiting(store: &dyn Store) -> Vec<(String, TokenHint)> {
    let waiting = store.revocations().unwrap();
    waiting
        .into_iter()
        .map(|one| (one.token.expose().clone(), one.hint))
        .collect()
}

fn pair(access: &str, refresh: &str) -> [(String, TokenHint); 2] {
    [
        (refresh.to_owned(), TokenHint::Refresh),
        (access.to_owned(), TokenHint::Access),
    ]
}

pub(crate) fn a_logout_buries_and_queues_in_one_step(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let buried = store.log_out(&record.id, moment(7).wall).unwrap().unwrap();
    assert_eq!(buried, record);
    let tombstone = store.record(&record.id).unwrap().unwrap();
    assert_eq!(tombstone.material, Material::Gone);
    assert_eq!(tombstone.epoch, Epoch(2));
    assert_eq!(tombstone.standing.health, Health::LoggedOut { at: moment(7).wall });
    assert_eq!(waiting(&*bench.open()), pair("access-1", "refresh-1"));
    let one = bench.open().revocations().unwrap().remove(0);
    assert_eq!(one.fingerprint, fingerprint(&*store, "refresh-1"));
    assert_eq!(
        (one.credential, one.provider, one.label),
        (record.id.clone(), record.provider, record.label)
    );
    assert_eq!((one.queued_at, one.tries, one.tried_at), (moment(7).wall, 0, None));
    assert_eq!(one.authority.token_host, "auth.example");
    assert_eq!(store.log_out(&record.id, moment(8).wall).unwrap(), None);
    assert_eq!(store.log_out(&"nobody".into(), moment(8).wall).unwrap(), None);
    assert_eq!(store.revocations().unwrap().len(), 2);
}

pub(crate) fn a_removal_queues_nothing(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    store.bury(&record.id, moment(7).wall).unwrap();
    let late = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    assert_eq!(store.commit(&late).unwrap(), CommitAnswer::LoggedOut);
    assert_eq!(store.revocations().unwrap(), []);
}

pub(crate) fn a_key_is_not_revoked(bench: &dyn Bench) {
    let store = bench.open();
    let key = draft("acme", None, Material::ApiKey(Secret::from("key-1")));
    let record = store.place(&key, &Placement::New).unwrap();
    assert!(store.log_out(&record.id, moment(7).wall).unwrap().is_some());
    assert_eq!(store.revocations().unwrap(), []);
}

pub(crate) fn nothing_of_a_logged_out_grant_is_sent(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let made = claim(&*store, &record, "refresh-1", 1);
    store.claim(&made).unwrap();
    store.log_out(&record.id, moment(7).wall).unwrap();
    assert!(!store.mark_sent(&made.fingerprint, 1, &moment(8)).unwrap());
    assert!(!store.take_over(&made.fingerprint, 1, &owner(2), &moment(8)).unwrap());
    store.release(&made.fingerprint, 1).unwrap();
    let kept = store.claim_of(&made.fingerprint).unwrap().unwrap();
    assert_eq!((kept.state, kept.sends), (ClaimState::Dead, 0));
    // A removal has no provider to tell, but its token is not sent either.
    let other = placed(&*store);
    let made = claim(&*store, &other, "refresh-1", 3);
    store.release(&made.fingerprint, 3).unwrap();
    let removed = draft("acme", Some("removed"), grant("access-3", Some("refresh-3")));
    let removed = store.place(&removed, &Placement::New).unwrap();
    let made = claim(&*store, &removed, "refresh-3", 4);
    store.claim(&made).unwrap();
    store.bury(&removed.id, moment(7).wall).unwrap();
    assert!(!store.mark_sent(&made.fingerprint, 4, &moment(8)).unwrap());
}

pub(crate) fn what_came_after_a_logout_is_queued(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    store.log_out(&record.id, moment(3).wall).unwrap();
    let late = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    assert_eq!(store.commit(&late).unwrap(), CommitAnswer::LoggedOut);
    let both = [pair("access-1", "refresh-1"), pair("access-2", "refresh-2")].concat();
    assert_eq!(waiting(&*store), both);
    assert_eq!(store.commit(&late).unwrap(), CommitAnswer::LoggedOut);
    assert_eq!(waiting(&*store), both, "each of them once");
    assert_eq!(store.record(&record.id).unwrap().unwrap().material, Material::Gone);
}

pub(crate) fn a_login_between_does_not_hide_the_logout(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    store.log_out(&record.id, moment(3).wall).unwrap();
    let tombstone = store.record(&record.id).unwrap().unwrap();
    let again = draft("acme", None, grant("access-9", Some("refresh-9")));
    let living = store.place(&again, &Placement::Replace(tombstone.fence())).unwrap();
    let late = commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2");
    assert_eq!(
        store.commit(&late).unwrap(),
        CommitAnswer::Superseded(Box::new(living.clone()))
    );
    assert_eq!(
        waiting(&*store),
        [pair("access-1", "refresh-1"), pair("access-2", "refresh-2")].concat()
    );
    // What the new login renews is its own, and if it loses to a newer one it is dropped as ever.
    let newer = store.place(&again, &Placement::Replace(living.fence())).unwrap();
    let late = commit(&*store, living.fence(), "refresh-9", "access-10", "refresh-10");
    assert_eq!(store.commit(&late).unwrap(), CommitAnswer::Superseded(Box::new(newer)));
    assert_eq!(store.revocations().unwrap().len(), 4);
}

pub(crate) fn a_copy_of_a_logged_out_token_stays_dead(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.log_out(&record.id, moment(3).wall).unwrap();
    let tombstone = store.record(&record.id).unwrap().unwrap();
    let mut copy = draft("acme", None, grant("access-1", Some("refresh-1")));
    copy.source = Source::Imported("tool".to_owned());
    let placed = store.place(&copy, &Placement::Replace(tombstone.fence())).unwrap();
    let kept = store.claim_of(&fingerprint(&*store, "refresh-1")).unwrap().unwrap();
    assert_eq!(kept.state, ClaimState::Dead);
    let made = claim(&*store, &placed, "refresh-1", 5);
    assert!(matches!(
        store.claim(&made).unwrap(),
        evergrant_driver::store::ClaimAnswer::Stands(_)
    ));
}

pub(crate) fn one_at_a_time_tries_to_revoke(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.log_out(&record.id, moment(3).wall).unwrap();
    let [refresh, access]: [Revocation; 2] = store.revocations().unwrap().try_into().unwrap();
    let (now, next) = (moment(4).wall, moment(19).wall);
    assert!(store.try_revocation(&refresh, now, next).unwrap());
    assert!(!bench.open().try_revocation(&refresh, now, next).unwrap());
    let tried = store.revocations().unwrap().remove(0);
    assert_eq!((tried.tries, tried.tried_at, tried.next_try_at), (1, Some(now), next));
    store
        .defer_revocation(&refresh.fingerprint, "HTTP 503", moment(60).wall)
        .unwrap();
    let deferred = store.revocations().unwrap().remove(0);
    assert_eq!(deferred.why.as_deref(), Some("HTTP 503"));
    assert_eq!(deferred.next_try_at, moment(60).wall);
    assert!(store.try_revocation(&deferred, now, next).unwrap());
    store.settle_revocation(&refresh.fingerprint).unwrap();
    assert!(!store.try_revocation(&deferred, now, next).unwrap());
    assert_eq!(store.revocations().unwrap(), [access]);
}
