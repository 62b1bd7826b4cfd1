//! What the picture shows while the store has not been told yet.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use evergrant_engine::credential::{Generation, Material, ProviderId};
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Record, Source, Standing};
use evergrant_engine::time::Timestamp;

use super::Ledger;
use crate::home::Home;
use crate::store::{Draft, Mode, Placement, Store, open};
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
fn a_look_at_the_store_does_not_undo_what_was_learnt_and_is_not_written_yet() {
    let (_directory, store, record) = opened();
    let ledger = Ledger::load(Arc::clone(&store)).unwrap();
    let fence = record.fence();
    let shown = |ledger: &Ledger| ledger.picture().record(&fence.id).unwrap().standing.clone();
    let learnt = Standing {
        accepted: Some(record.generation),
        ..record.standing.clone()
    };

    let ticket = ledger.learn(&fence, &record.standing, &learnt);
    assert_eq!(shown(&ledger), learnt);
    // Meanwhile another process learns something else and writes it.
    let written = store.amend(&fence, &mut |standing| standing.refused = Some(Generation(9)));
    assert!(written.unwrap());
    assert!(ledger.look().unwrap());
    let both = Standing {
        refused: Some(Generation(9)),
        ..learnt.clone()
    };
    assert_eq!(shown(&ledger), both, "the store's word and what it has not been told");

    ledger.written(ticket);
    let written = store.amend(&fence, &mut |standing| standing.refused = None);
    assert!(written.unwrap());
    assert!(ledger.look().unwrap());
    assert_eq!(shown(&ledger), record.standing, "from now on the store's word alone");
}
