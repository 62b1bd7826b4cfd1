//! What pictures share, and what they tell apart.

use evergrant_engine::credential::{Epoch, Generation, Material};
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Source, Standing};
use evergrant_engine::time::Timestamp;

use super::*;

fn record(number: usize, generation: u64) -> Record {
    Record {
        id: format!("c{number}").into(),
        provider: "p".into(),
        label: format!("l{number}").into(),
        source: Source::Added,
        priority: 0,
        generation: Generation(generation),
        epoch: Epoch(1),
        material: Material::ApiKey(Secret::from("sk-0")),
        standing: Standing::default(),
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }
}

fn picture(count: usize) -> Picture {
    Picture::of(None, (0..count).map(|number| Arc::new(record(number, 1))))
}

fn ids(changed: Option<Vec<&Arc<Record>>>) -> Option<Vec<String>> {
    changed.map(|changed| changed.iter().map(|record| record.id.to_string()).collect())
}

#[test]
fn what_changes_is_told_and_the_rest_is_shared() {
    let before = picture(1_000);
    let after = before.clone().with(record(700, 2)).with(record(3, 2));
    assert_eq!(ids(after.changed_since(&before)).unwrap(), ["c3", "c700"]);
    assert_eq!(after.record(&"c700".into()).unwrap().generation, Generation(2));
    assert_eq!(before.record(&"c700".into()).unwrap().generation, Generation(1));
    assert!(Arc::ptr_eq(&after.shelves[1], &before.shelves[1]));
    assert_eq!(after.records().count(), 1_000);
    let more = after.clone().with(record(1_000, 1));
    assert_eq!((ids(more.changed_since(&after)), more.records().count()), (None, 1_001));
    assert_eq!(more.records().last().unwrap().id.as_str(), "c1000");
}

#[test]
fn what_is_read_again_and_is_the_same_is_shared() {
    let before = picture(600);
    let read = |generation: u64| {
        (0..600).map(move |number| Arc::new(record(number, if number == 300 { generation } else { 1 })))
    };
    let same = before.clone().after(Version(7), read(1).collect());
    assert_eq!(
        (ids(same.changed_since(&before)), same.version()),
        (Some(vec![]), Some(Version(7)))
    );
    let after = before.clone().after(Version(8), read(2).collect());
    assert_eq!(ids(after.changed_since(&before)).unwrap(), ["c300"]);
    assert!(Arc::ptr_eq(&after.shelves[0], &before.shelves[0]));
    let fewer = before.clone().after(Version(9), read(2).skip(1).collect());
    assert_eq!(
        (ids(fewer.changed_since(&before)), fewer.records().count()),
        (None, 599)
    );
    assert_eq!(after.outdated().version(), None);
}
