//! What every store promises about client keys.

use evergrant_driver::client_key::{ClientKey, KeyTerms};
use evergrant_driver::store::Store;

use super::fixture::{Bench, fingerprint, moment};

fn key(store: &dyn Store, name: &str, at: i64) -> ClientKey {
    ClientKey {
        name: name.parse().unwrap(),
        fingerprint: fingerprint(store, name),
        terms: KeyTerms::default(),
        lent: false,
        created_at: moment(at).wall,
    }
}

pub(crate) fn a_client_key_is_read_as_it_was_added(bench: &dyn Bench) {
    let store = bench.open();
    let full = ClientKey {
        terms: KeyTerms {
            providers: vec!["acme".into(), "b\"c".into()],
            models: vec!["a*".to_owned(), "é".to_owned()],
            requests_per_minute: Some(u32::MAX),
            concurrency: Some(1),
            tokens_per_day: Some(1 << 40),
            expires_at: Some(moment(9).wall),
            metrics: false,
        },
        ..key(&*store, "full", 1)
    };
    let watching = ClientKey {
        terms: KeyTerms {
            metrics: true,
            ..KeyTerms::default()
        },
        ..key(&*store, "watching", 1)
    };
    let bare = key(&*store, "bare", 2);
    let version = store.version().unwrap();
    assert!(store.add_client_key(&full).unwrap() && store.add_client_key(&bare).unwrap());
    assert!(store.add_client_key(&watching).unwrap());
    assert_ne!(store.version().unwrap(), version, "others are told");
    assert_eq!(
        bench.open().client_keys().unwrap(),
        [bare.clone(), full.clone(), watching.clone()]
    );
    // A name is given once.
    assert!(!store.add_client_key(&key(&*store, "bare", 3)).unwrap());
    assert!(store.remove_client_key(&bare.name).unwrap());
    assert!(!store.remove_client_key(&bare.name).unwrap());
    assert_eq!(bench.open().client_keys().unwrap(), [full, watching]);
}

pub(crate) fn a_lent_key_that_was_never_given_back_goes_by_itself(bench: &dyn Bench) {
    let store = bench.open();
    let until = |secs: i64| KeyTerms {
        expires_at: Some(moment(secs).wall),
        ..KeyTerms::default()
    };
    let names = || -> Vec<String> {
        let keys = store.client_keys().unwrap();
        keys.iter().map(|key| key.name.to_string()).collect()
    };
    for (name, lent) in [("kept", false), ("lent", true), ("used", true)] {
        let terms = until(10);
        store
            .add_client_key(&ClientKey {
                terms,
                lent,
                ..key(&*store, name, 1)
            })
            .unwrap();
    }
    let used = "used".parse().unwrap();
    assert!(store.extend_client_key(&used, moment(30).wall).unwrap());
    assert!(
        !store
            .extend_client_key(&"kept".parse().unwrap(), moment(30).wall)
            .unwrap()
    );
    assert!(
        !store
            .extend_client_key(&"nobody".parse().unwrap(), moment(30).wall)
            .unwrap()
    );
    // For a day its owner may come back for it.
    store.add_client_key(&key(&*store, "next", 20)).unwrap();
    assert_eq!(names(), ["kept", "lent", "next", "used"]);
    store.add_client_key(&key(&*store, "later", 20 + 86_400)).unwrap();
    assert_eq!(names(), ["kept", "later", "next", "used"]);
}
