//! What the picture shows while the store has not been told yet.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use evergrant_engine::credential::{Generation, Material, ProviderId};
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Record, Source, Standing};
use evergrant_engine::time::Timestamp;

use super::Ledger;
use crate::home::Home;
use crate::store::{Changes, Draft, Mode, Placement, Store, open};
use crate::vault::KeySource;

fn opened() -> (tempfile::TempDir, Arc<dyn Store>, Record) {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path().join("home"));
    let store = open(&home, &KeySource::File, Mode::Create).unwrap();
    let draft = Draft {
        provider: ProviderId::from("acme"),
        label: None,
        source: Source::Added,
        material: Material::ApiKey(Secret::from("sk-1234567890")),
        at: Timestamp::from_secs(1_800_000_000),
        entropy: 7,
    };
    let record = store.place(&draft, &Placement::New).unwrap();
    (directory, store, record)
}

#[test]
fn a_look_reads_what_has_changed_and_what_was_covered() {
    let (directory, store, first) = opened();
    let draft = |entropy, label: &str| Draft {
        provider: ProviderId::from("acme"),
        label: Some(label.into()),
        source: Source::Added,
        material: Material::ApiKey(Secret::from("sk-2")),
        at: Timestamp::from_secs(1_800_000_001),
        entropy,
    };
    let second = store.place(&draft(8, "second"), &Placement::New).unwrap();
    let ledger = Ledger::load(Arc::clone(&store)).unwrap();
    assert!(!ledger.look().unwrap(), "nothing has changed");
    let Changes::All(all, Some(mark)) = store.changes(None).unwrap() else {
        panic!("without a mark everything is read")
    };
    assert_eq!(all.len(), 2);
    let changed = |since| match store.changes(Some(since)).unwrap() {
        Changes::Of(records, mark) => (
            records.iter().map(|record| record.id.to_string()).collect::<Vec<_>>(),
            mark,
        ),
        Changes::All(..) => panic!("it counts its changes"),
    };
    assert_eq!(changed(mark), (vec![], mark));

    store.prioritise(&first.id, 7).unwrap();
    let (seen, next) = changed(mark);
    assert_eq!(seen, [first.id.to_string()]);
    let third = store.place(&draft(9, "third"), &Placement::New).unwrap();
    store.bury(&second.id, Timestamp::from_secs(1_800_000_002)).unwrap();
    let (mut seen, last) = changed(next);
    seen.sort();
    let mut others = [second.id.to_string(), third.id.to_string()];
    others.sort();
    assert_eq!((&seen[..], changed(last)), (&others[..], (vec![], last)));

    assert!(ledger.look().unwrap());
    let shown: Vec<_> = ledger.picture().records().map(|record| Record::clone(record)).collect();
    assert_eq!(
        shown,
        store.records().unwrap(),
        "as the store has them, and in its order"
    );

    // What another hand wrote under a lesson is read once the lesson is over, though it changed before.
    let fence = third.fence();
    let lesson = Standing {
        strikes: 3,
        ..Standing::clone(&third.standing)
    };
    let ticket = ledger.learn(&fence, &third.standing, &lesson);
    assert!(store.amend(&fence, &mut |standing| standing.strikes = 1).unwrap());
    assert!(ledger.look().unwrap());
    let strikes = |ledger: &Ledger| ledger.picture().record(&fence.id).unwrap().standing.strikes;
    assert_eq!(strikes(&ledger), 3);
    ledger.written(ticket);
    ledger.look().unwrap();
    assert_eq!(strikes(&ledger), 1);

    // Whoever takes a row away by hand is noticed, too.
    let connection = rusqlite::Connection::open(Home::at(directory.path().join("home")).database()).unwrap();
    connection
        .execute("DELETE FROM credential WHERE id = ?1", [third.id.as_str()])
        .unwrap();
    assert!(ledger.look().unwrap());
    assert_eq!(ids(&store.records().unwrap()).len(), 2);
    assert!(ledger.picture().record(&third.id).is_none());
}

fn ids(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.id.to_string()).collect()
}

#[test]
fn a_look_at_the_store_does_not_undo_what_was_learnt_and_is_not_written_yet() {
    let (_directory, store, record) = opened();
    let ledger = Ledger::load(Arc::clone(&store)).unwrap();
    let fence = record.fence();
    let shown = |ledger: &Ledger| ledger.picture().record(&fence.id).unwrap().standing.clone();
    let learnt = Standing {
        accepted: Some(record.generation),
        ..Standing::clone(&record.standing)
    };

    let ticket = ledger.learn(&fence, &record.standing, &learnt);
    assert_eq!(*shown(&ledger), learnt);
    // Meanwhile another process learns something else and writes it.
    let written = store.amend(&fence, &mut |standing| standing.refused = Some(Generation(9)));
    assert!(written.unwrap());
    assert!(ledger.look().unwrap());
    let both = Standing {
        refused: Some(Generation(9)),
        ..learnt.clone()
    };
    assert_eq!(*shown(&ledger), both, "the store's word and what it has not been told");

    ledger.written(ticket);
    let written = store.amend(&fence, &mut |standing| standing.refused = None);
    assert!(written.unwrap());
    assert!(ledger.look().unwrap());
    assert_eq!(shown(&ledger), record.standing, "from now on the store's word alone");
}
