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
        standing: Standing::default().into(),
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }
}

fn picture(count: usize) -> Picture {
    Picture::of((0..count).map(|number| Arc::new(record(number, 1))))
}

fn ids(changed: Option<Vec<&Arc<Record>>>) -> Option<Vec<String>> {
    changed.map(|changed| changed.iter().map(|record| record.id.to_string()).collect())
}

fn with(picture: &Picture, changed: impl IntoIterator<Item = Record>) -> Picture {
    picture.clone().with(changed.into_iter().map(Arc::new))
}

#[test]
fn what_changes_is_told_and_the_rest_is_shared() {
    let before = picture(1_000);
    let after = with(&before, [record(700, 2), record(3, 2), record(9, 1)]);
    assert_eq!(ids(after.changed_since(&before)).unwrap(), ["c3", "c700"]);
    assert_eq!(after.record(&"c700".into()).unwrap().generation, Generation(2));
    assert_eq!(before.record(&"c700".into()).unwrap().generation, Generation(1));
    assert!(Arc::ptr_eq(&after.shelves[1], &before.shelves[1]));
    assert_eq!(after.records().count(), 1_000);
}

#[test]
fn who_comes_or_is_moved_stands_in_the_stores_order() {
    let before = picture(600);
    let first = Record {
        priority: -1,
        ..record(300, 1)
    };
    let last = Record {
        provider: "q".into(),
        ..record(600, 1)
    };
    let after = with(&before, [last, first, record(5, 2)]);
    assert_eq!(ids(after.changed_since(&before)), None);
    let order: Vec<_> = after.records().map(|record| record.id.to_string()).collect();
    assert_eq!((order[0].as_str(), order.last().unwrap().as_str()), ("c300", "c600"));
    assert_eq!(
        (order.len(), after.record(&"c5".into()).unwrap().generation),
        (601, Generation(2))
    );
    assert!(
        order
            .iter()
            .all(|id| after.record(&id.as_str().into()).unwrap().id.as_str() == id)
    );
}

#[test]
fn what_is_read_again_and_is_the_same_is_shared() {
    let before = picture(600);
    let read = |generation: u64| {
        let one = move |number| Arc::new(record(number, if number == 300 { generation } else { 1 }));
        (0..600).map(one).collect::<Vec<_>>()
    };
    let same = before.clone().replaced(read(1)).known_at(Version(7), None);
    assert_eq!(
        (ids(same.changed_since(&before)), same.version()),
        (Some(vec![]), Some(Version(7)))
    );
    let after = before.clone().replaced(read(2));
    assert_eq!(ids(after.changed_since(&before)).unwrap(), ["c300"]);
    assert!(Arc::ptr_eq(&after.shelves[0], &before.shelves[0]));
    let fewer = before.clone().replaced(read(2).split_off(1));
    assert_eq!(
        (ids(fewer.changed_since(&before)), fewer.records().count()),
        (None, 599)
    );
    assert_eq!(same.outdated().version(), None);
}
