//! The picture in memory of what the store holds, shared by everyone in this process and never older than a poll.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use evergrant_engine::credential::{CredentialId, Fence};
use evergrant_engine::store::{Health, Record, Standing, amend};
use tokio::sync::Notify;

use crate::store::{Store, StoreFault, Version};

/// What the store held when it was last looked at, and what has been published since.
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    picture: ArcSwap<Picture>,
    /// Serialises changes of the picture; readers never take it.
    change: Mutex<Unwritten>,
    /// Told of each change.
    news: Arc<Notify>,
}

/// What was learnt here and is not in the store yet: a look at the store must not unlearn it.
#[derive(Default)]
struct Unwritten {
    next: u64,
    lessons: Vec<Lesson>,
}

struct Lesson {
    ticket: Ticket,
    fence: Fence,
    before: Standing,
    after: Standing,
}

/// Names what was learnt, until it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

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
            change: Mutex::default(),
            news: Arc::default(),
        };
        ledger.look()?;
        Ok(ledger)
    }

    /// Tells one who waits, the keeper, that the picture has changed.
    pub(crate) fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.news)
    }

    /// The picture as it is now; no lock, no disk.
    pub(crate) fn picture(&self) -> Arc<Picture> {
        self.picture.load_full()
    }

    /// Reads the store again if anyone has changed it since; blocks on the disk.
    pub(crate) fn look(&self) -> Result<bool, StoreFault> {
        let unwritten = self.change.lock().unwrap_or_else(PoisonError::into_inner);
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
            .map(|stored| newer(before.record(&stored.id), unwritten.remembered(stored)))
            .collect();
        self.show(Some(version), records);
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

    /// Shows what was learnt of a credential, if it is still at this fence; no look at the store undoes it before
    /// [`Self::written`].
    pub(crate) fn learn(&self, fence: &Fence, before: &Standing, after: &Standing) -> Ticket {
        let mut unwritten = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = Ticket(unwritten.next);
        unwritten.next += 1;
        let lesson = Lesson {
            ticket,
            fence: fence.clone(),
            before: before.clone(),
            after: after.clone(),
        };
        self.redraw(|records| {
            if let Some(shown) = records.iter_mut().find(|shown| shown.id == fence.id) {
                *shown = Arc::new(lesson.applied(Record::clone(shown)));
            }
        });
        unwritten.lessons.push(lesson);
        ticket
    }

    /// What was learnt is in the store now, or never will be.
    pub(crate) fn written(&self, ticket: Ticket) {
        let mut unwritten = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        unwritten.lessons.retain(|lesson| lesson.ticket != ticket);
        // What the store said meanwhile of the same matter was covered by the lesson: it is read again.
        let records = self.picture.load().records.clone();
        self.picture.store(Arc::new(Picture { version: None, records }));
    }

    fn edit(&self, change: impl FnOnce(&mut Vec<Arc<Record>>)) {
        let _one = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.redraw(change);
    }

    /// Changes the picture; the caller holds the lock.
    fn redraw(&self, change: impl FnOnce(&mut Vec<Arc<Record>>)) {
        let before = self.picture.load();
        let mut records = before.records.clone();
        change(&mut records);
        self.show(before.version, records);
    }

    fn show(&self, version: Option<Version>, records: Vec<Arc<Record>>) {
        self.picture.store(Arc::new(Picture { version, records }));
        self.news.notify_one();
    }
}

impl Unwritten {
    /// What the store says, and what it has not been told yet.
    fn remembered(&self, stored: Record) -> Record {
        self.lessons
            .iter()
            .fold(stored, |record, lesson| lesson.applied(record))
    }
}

impl Lesson {
    fn applied(&self, record: Record) -> Record {
        if record.fence() != self.fence {
            return record;
        }
        Record {
            standing: amend(&self.before, self.after.clone(), &record.standing),
            ..record
        }
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

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
