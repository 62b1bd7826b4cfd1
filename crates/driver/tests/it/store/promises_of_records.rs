//! What the contract says of records, asked of any store.

use evergrant_driver::store::{LockName, Placement, StoreFault, this_process};
use evergrant_engine::credential::{Epoch, Generation, Label, Material, ProviderId};
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Health, Source, Standing};

use super::fixture::{
    Bench, access_token, claim, commit, draft, fingerprint, grant, last_error, moment, placed, refresh_token,
};

pub(crate) fn a_new_record_is_read_back_by_everyone(bench: &dyn Bench) {
    let (one, two) = (bench.open(), bench.open());
    let record = placed(&*one);
    assert_eq!(record.generation, Generation(1));
    assert_eq!(record.epoch, Epoch(1));
    assert_eq!(record.label, Label::from("default"));
    assert_eq!(record.standing.health, Health::Ready);
    let minted = record.standing.minted.as_ref().unwrap();
    assert_eq!((minted.at.clone(), minted.reactive), (moment(0), false));
    assert_eq!(one.record(&record.id).unwrap().unwrap(), record);
    assert_eq!(two.record(&record.id).unwrap().unwrap(), record);
    assert_eq!(bench.open().records().unwrap(), [record]);
    assert_eq!(two.record(&"nobody".into()).unwrap(), None);
}

pub(crate) fn labels_are_unique_within_a_provider(bench: &dyn Bench) {
    let store = bench.open();
    let place = |provider: &str, label: Option<&str>| {
        let record = store.place(&draft(provider, label, grant("a", Some("r"))), &Placement::New)?;
        Ok::<_, StoreFault>(record.label.as_str().to_owned())
    };
    assert_eq!(place("acme", None).unwrap(), "default");
    assert_eq!(place("acme", None).unwrap(), "default-2");
    assert_eq!(place("acme", Some("work")).unwrap(), "work");
    assert_eq!(place("acme", None).unwrap(), "default-3");
    assert_eq!(place("other", None).unwrap(), "default");
    assert_eq!(
        place("acme", Some("work")),
        Err(StoreFault::LabelTaken {
            provider: ProviderId::from("acme"),
            label: Label::from("work"),
        })
    );
    assert_eq!(store.records().unwrap().len(), 5);
}

pub(crate) fn a_login_replaces_only_what_it_saw(bench: &dyn Bench) {
    let store = bench.open();
    let seen = placed(&*store);
    let login = |access: &str, from| {
        store.place(
            &draft("acme", None, grant(access, Some("r"))),
            &Placement::Replace(from),
        )
    };
    let second = login("second", seen.fence()).unwrap();
    assert_eq!(login("third", seen.fence()), Err(StoreFault::Changed));
    assert_eq!(access_token(&store.record(&seen.id).unwrap().unwrap()), "second");
    assert!(login("third", second.fence()).is_ok());
    let mut unknown = seen.fence();
    unknown.id = "nobody".into();
    assert!(matches!(login("x", unknown), Err(StoreFault::NoRecord(_))));
}

pub(crate) fn a_replaced_record_keeps_its_id_and_starts_afresh(bench: &dyn Bench) {
    let store = bench.open();
    let old = placed(&*store);
    store.prioritise(&old.id, 5).unwrap();
    let troubled = Standing {
        health: Health::NeedsLogin { why: "why".to_owned() },
        strikes: 3,
        last_error: Some(Box::new(last_error(&old))),
        ..Standing::default()
    };
    assert!(store.stand(&old.fence(), &troubled).unwrap());
    let mut login = draft("acme", Some("renamed"), grant("access-2", Some("refresh-2")));
    login.at = moment(9).wall;
    let new = store.place(&login, &Placement::Replace(old.fence())).unwrap();
    assert_eq!((&new.id, new.priority, new.created_at), (&old.id, 5, old.created_at));
    assert_eq!((new.generation, new.epoch), (Generation(2), Epoch(2)));
    assert_eq!(new.label.as_str(), "renamed");
    assert_eq!(new.updated_at, moment(9).wall);
    assert_eq!(new.standing.health, Health::Ready);
    assert_eq!((new.standing.strikes, &new.standing.last_error), (0, &None));
    assert_eq!(store.record(&old.id).unwrap().unwrap(), new);
}

pub(crate) fn records_come_in_order(bench: &dyn Bench) {
    let store = bench.open();
    let place = |provider: &str, label: &str, at: i64| {
        let mut draft = draft(provider, Some(label), Material::ApiKey(Secret::from("k")));
        draft.source = Source::Added;
        draft.at = moment(at).wall;
        store.place(&draft, &Placement::New).unwrap()
    };
    let last = place("b", "last", 1);
    place("a", "young", 3);
    place("a", "old", 2);
    let first = place("a", "first", 4);
    store.prioritise(&first.id, -1).unwrap();
    store.bury(&last.id, moment(5).wall).unwrap();
    let labels: Vec<_> = store
        .records()
        .unwrap()
        .into_iter()
        .map(|record| record.label.to_string())
        .collect();
    assert_eq!(labels, ["first", "old", "young", "last"]);
}

pub(crate) fn every_write_changes_the_version_for_everyone(bench: &dyn Bench) {
    let (writer, reader) = (bench.open(), bench.open());
    let mut seen = (writer.version().unwrap(), reader.version().unwrap());
    let mut changed = |what: &str| {
        let now = (writer.version().unwrap(), reader.version().unwrap());
        assert_ne!(now.0, seen.0, "{what}, for the one who wrote");
        assert_ne!(now.1, seen.1, "{what}, for another");
        seen = now;
        assert_eq!(
            (writer.version().unwrap(), reader.version().unwrap()),
            seen,
            "{what}, and then no more"
        );
    };
    let record = placed(&*writer);
    changed("place");
    writer.claim(&claim(&*writer, &record, "refresh-1", 1)).unwrap();
    changed("claim");
    writer
        .commit(&commit(&*writer, record.fence(), "refresh-1", "a", "refresh-2"))
        .unwrap();
    changed("commit");
    writer.prioritise(&record.id, 2).unwrap();
    changed("prioritise");
    writer.bury(&record.id, moment(1).wall).unwrap();
    changed("bury");
}

pub(crate) fn the_standing_is_fenced(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    let standing = Standing {
        health: Health::NotEntitled {
            until: moment(60).wall,
            generation: record.generation,
        },
        strikes: 2,
        accepted: Some(Generation(1)),
        last_error: Some(Box::new(last_error(&record))),
        ..Standing::default()
    };
    assert!(store.stand(&record.fence(), &standing).unwrap());
    assert_eq!(*store.record(&record.id).unwrap().unwrap().standing, standing);
    store
        .commit(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    let now = store.record(&record.id).unwrap().unwrap();
    assert!(!store.stand(&record.fence(), &standing).unwrap());
    assert!(
        !store
            .amend(&record.fence(), &mut |standing| standing.strikes = 77)
            .unwrap()
    );
    assert_eq!(store.record(&record.id).unwrap().unwrap(), now);
    let mut unknown = record.fence();
    unknown.id = "nobody".into();
    assert!(!store.stand(&unknown, &standing).unwrap());
}

pub(crate) fn two_amendments_do_not_undo_each_other(bench: &dyn Bench) {
    let (one, two) = (bench.open(), bench.open());
    let record = placed(&*one);
    assert!(
        one.amend(&record.fence(), &mut |standing| standing.strikes += 1)
            .unwrap()
    );
    assert!(
        two.amend(&record.fence(), &mut |standing| standing.accepted = Some(Generation(1)))
            .unwrap()
    );
    assert!(
        one.amend(&record.fence(), &mut |standing| standing.strikes += 1)
            .unwrap()
    );
    let standing = two.record(&record.id).unwrap().unwrap().standing;
    assert_eq!((standing.strikes, standing.accepted), (2, Some(Generation(1))));
}

pub(crate) fn the_users_switch_survives_everyone_elses_writes(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.disable(&record.id, true).unwrap();
    assert!(store.stand(&record.fence(), &Standing::default()).unwrap());
    assert!(store.record(&record.id).unwrap().unwrap().standing.disabled);
    store
        .commit(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    assert!(store.record(&record.id).unwrap().unwrap().standing.disabled);
    store.disable(&record.id, false).unwrap();
    assert!(!store.record(&record.id).unwrap().unwrap().standing.disabled);
    assert!(matches!(
        store.disable(&"nobody".into(), true),
        Err(StoreFault::NoRecord(_))
    ));
}

pub(crate) fn rename_and_priority(bench: &dyn Bench) {
    let store = bench.open();
    let (one, two) = (placed(&*store), placed(&*store));
    let label = Label::from("work");
    store.rename(&one.id, &label).unwrap();
    store.rename(&one.id, &label).unwrap();
    assert!(matches!(
        store.rename(&two.id, &label),
        Err(StoreFault::LabelTaken { .. })
    ));
    store.prioritise(&one.id, -3).unwrap();
    let renamed = store.record(&one.id).unwrap().unwrap();
    assert_eq!((renamed.label.as_str(), renamed.priority), ("work", -3));
    assert_eq!((renamed.fence(), access_token(&renamed)), (one.fence(), "access-1"));
    store.bury(&one.id, moment(1).wall).unwrap();
    store.rename(&two.id, &label).unwrap();
    assert!(matches!(store.rename(&one.id, &label), Err(StoreFault::NoRecord(_))));
    assert!(matches!(store.prioritise(&one.id, 1), Err(StoreFault::NoRecord(_))));
}

pub(crate) fn a_buried_record_leaves_a_tombstone_without_secrets(bench: &dyn Bench) {
    let store = bench.open();
    let record = placed(&*store);
    store.claim(&claim(&*store, &record, "refresh-1", 1)).unwrap();
    let buried = store.bury(&record.id, moment(7).wall).unwrap().unwrap();
    assert_eq!(buried, record);
    assert_eq!(refresh_token(&buried), Some("refresh-1"));
    let tombstone = store.record(&record.id).unwrap().unwrap();
    assert_eq!(tombstone.material, Material::Gone);
    assert_eq!(tombstone.epoch, Epoch(2));
    assert_eq!(tombstone.standing.health, Health::LoggedOut { at: moment(7).wall });
    assert_eq!(store.bury(&record.id, moment(8).wall).unwrap(), None);
    assert_eq!(store.bury(&"nobody".into(), moment(8).wall).unwrap(), None);
    assert!(!store.stand(&tombstone.fence(), &Standing::default()).unwrap());
    assert!(store.claim_of(&fingerprint(&*store, "refresh-1")).unwrap().is_some());
    assert_eq!(placed(&*store).label.as_str(), "default", "the label is free again");
}

pub(crate) fn the_fingerprint_key_is_the_same_for_everyone(bench: &dyn Bench) {
    assert_eq!(
        fingerprint(&*bench.open(), "token"),
        fingerprint(&*bench.open(), "token")
    );
}

pub(crate) fn a_lock_is_held_by_one(bench: &dyn Bench) {
    let (one, two) = (bench.open(), bench.open());
    let record = placed(&*one);
    let owner = this_process(moment(1).wall);
    for name in [LockName::Credential(record.id), LockName::Client("client".to_owned())] {
        let held = one.try_lock(&name, &owner).unwrap().unwrap();
        assert!(two.try_lock(&name, &owner).unwrap().is_none());
        assert!(one.try_lock(&name, &owner).unwrap().is_none());
        let holder = two.holder(&name).unwrap().unwrap();
        assert_eq!((holder.owner, holder.stopped), (owner.clone(), false));
        drop(held);
        assert!(two.try_lock(&name, &owner).unwrap().is_some());
    }
}
