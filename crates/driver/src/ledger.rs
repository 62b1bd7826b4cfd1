//! The picture in memory of what the store holds, shared by everyone in this process and never older than a poll.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use evergrant_engine::credential::{CredentialId, Fence};
use evergrant_engine::store::{Health, Record, Standing, amend};
use tokio::sync::Notify;

use crate::picture::Picture;
use crate::store::{Changes, Store, StoreFault};

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
    /// Whose lessons are no longer unwritten: what the store said meanwhile of the same matter was covered by them.
    uncovered: HashSet<CredentialId>,
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

    /// The same for who looks at it and lets it go at once: nothing is counted.
    pub(crate) fn glimpse(&self) -> Guard<Arc<Picture>> {
        self.picture.load()
    }

    /// Reads what has changed in the store if anyone has changed it since; blocks on the disk.
    pub(crate) fn look(&self) -> Result<bool, StoreFault> {
        let mut unwritten = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        // The version is read before the records: a change between the two is seen again at the next look.
        let version = self.store.version()?;
        let before = self.picture.load();
        if before.version() == Some(version) {
            return Ok(false);
        }
        let shown = |stored: Arc<Record>| newer(before.record(&stored.id), unwritten.remembered(stored));
        let picture = match self.store.changes(before.mark())? {
            Changes::All(records, mark) => {
                let records = records.into_iter().map(shown).collect();
                Picture::clone(&before).replaced(records).known_at(version, mark)
            }
            Changes::Of(mut records, mark) => {
                for id in &unwritten.uncovered {
                    if records.iter().all(|record| record.id != *id) {
                        records.extend(self.store.record(id)?.map(Arc::new));
                    }
                }
                let changed = Picture::clone(&before).with(records.into_iter().map(shown));
                changed.known_at(version, Some(mark))
            }
        };
        unwritten.uncovered.clear();
        self.show(picture);
        Ok(true)
    }

    /// Shows a record to this process, at once; an older one than is shown already is ignored.
    pub(crate) fn publish(&self, record: Record) {
        let _one = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = Picture::clone(&self.picture.load());
        if picture
            .record(&record.id)
            .is_none_or(|shown| rank(shown) <= rank(&record))
        {
            self.show(picture.with([Arc::new(record)]));
        }
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
        let picture = Picture::clone(&self.picture.load());
        if let Some(shown) = picture.record(&fence.id) {
            let learnt = lesson.applied(Record::clone(shown));
            self.show(picture.with([Arc::new(learnt)]));
        }
        unwritten.lessons.push(lesson);
        ticket
    }

    /// What was learnt is in the store now, or never will be.
    pub(crate) fn written(&self, ticket: Ticket) {
        let mut unwritten = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = unwritten.lessons.iter().position(|lesson| lesson.ticket == ticket) else {
            return;
        };
        let lesson = unwritten.lessons.remove(place);
        unwritten.uncovered.insert(lesson.fence.id);
        let picture = Picture::clone(&self.picture.load());
        self.picture.store(Arc::new(picture.outdated()));
    }

    /// The caller holds the lock of changes.
    fn show(&self, picture: Picture) {
        self.picture.store(Arc::new(picture));
        self.news.notify_one();
    }
}

impl Unwritten {
    /// What the store says, and what it has not been told yet.
    fn remembered(&self, stored: Arc<Record>) -> Arc<Record> {
        let lessons = self.lessons.iter().filter(|lesson| lesson.fence.id == stored.id);
        lessons.fold(Arc::clone(&stored), |record, lesson| {
            Arc::new(lesson.applied(Arc::unwrap_or_clone(record)))
        })
    }
}

impl Lesson {
    fn applied(&self, record: Record) -> Record {
        if record.fence() != self.fence {
            return record;
        }
        Record {
            standing: amend(&self.before, self.after.clone(), &record.standing).into(),
            ..record
        }
    }
}

/// What is in memory and could not be saved yet outlives a look at the store; everything else yields to it.
fn newer(shown: Option<&Arc<Record>>, stored: Arc<Record>) -> Arc<Record> {
    match shown {
        Some(shown) if matches!(shown.standing.health, Health::Unsaved { .. }) && rank(shown) > rank(&stored) => {
            Arc::clone(shown)
        }
        _ => stored,
    }
}

fn rank(record: &Record) -> (u64, u64) {
    (record.epoch.0, record.generation.0)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
