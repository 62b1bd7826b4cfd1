//! The picture in memory of what the store holds, shared by everyone in this process and never older than a poll.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use evergrant_engine::credential::{CredentialId, Fence};
use evergrant_engine::store::{Health, Record, Standing};

use crate::store::{Store, StoreFault, Version};

/// What the store held when it was last looked at, and what has been published since.
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    picture: ArcSwap<Picture>,
    /// Serialises changes of the picture; readers never take it.
    change: Mutex<()>,
}

/// All records at one point in time, in the store's order.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    version: Option<Version>,
    records: Vec<Arc<Record>>,
}

impl Picture {
    /// All of them, tombstones included.
    pub(crate) fn records(&self) -> &[Arc<Record>] {
        &self.records
    }

    /// One of them.
    pub(crate) fn record(&self, id: &CredentialId) -> Option<&Arc<Record>> {
        self.records.iter().find(|record| record.id == *id)
    }
}

impl Ledger {
    /// Reads the store for the first time.
    pub(crate) fn load(store: Arc<dyn Store>) -> Result<Self, StoreFault> {
        let ledger = Self {
            store,
            picture: ArcSwap::default(),
            change: Mutex::new(()),
        };
        ledger.look()?;
        Ok(ledger)
    }

    /// The picture as it is now; no lock, no disk.
    pub(crate) fn picture(&self) -> Arc<Picture> {
        self.picture.load_full()
    }

    /// Reads the store again if anyone has changed it since; blocks on the disk.
    pub(crate) fn look(&self) -> Result<bool, StoreFault> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        // The version is read before the records: a change between the two is seen again at the next look.
        let version = self.store.version()?;
        let before = self.picture.load();
        if before.version == Some(version) {
            return Ok(false);
        }
        let records = self
            .store
            .records()?
            .into_iter()
            .map(|stored| newer(before.record(&stored.id), stored))
            .collect();
        self.picture.store(Arc::new(Picture {
            version: Some(version),
            records,
        }));
        Ok(true)
    }

    /// Shows a record to this process, at once; an older one than is shown already is ignored.
    pub(crate) fn publish(&self, record: Record) {
        self.edit(|records| match records.iter_mut().find(|shown| shown.id == record.id) {
            Some(shown) if rank(shown) <= rank(&record) => *shown = Arc::new(record),
            Some(_) => {}
            None => records.push(Arc::new(record)),
        });
    }

    /// Shows a changed standing, if the record is still at this fence.
    pub(crate) fn stand(&self, fence: &Fence, standing: &Standing) {
        self.edit(|records| {
            if let Some(shown) = records.iter_mut().find(|shown| shown.fence() == *fence) {
                *shown = Arc::new(Record {
                    standing: standing.clone(),
                    ..Record::clone(shown)
                });
            }
        });
    }

    fn edit(&self, change: impl FnOnce(&mut Vec<Arc<Record>>)) {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.picture.load();
        let mut records = before.records.clone();
        change(&mut records);
        self.picture.store(Arc::new(Picture {
            version: before.version,
            records,
        }));
    }
}

/// What is in memory and could not be saved yet outlives a look at the store; everything else yields to it.
fn newer(shown: Option<&Arc<Record>>, stored: Record) -> Arc<Record> {
    match shown {
        Some(shown) if matches!(shown.standing.health, Health::Unsaved { .. }) && rank(shown) > rank(&stored) => {
            Arc::clone(shown)
        }
        _ => Arc::new(stored),
    }
}

fn rank(record: &Record) -> (u64, u64) {
    (record.epoch.0, record.generation.0)
}
