//! All records at one point in time, kept so that a change of one costs a shelf and not all of them.

use std::sync::Arc;

use evergrant_engine::credential::CredentialId;
use evergrant_engine::named::ByName;
use evergrant_engine::store::Record;

use crate::store::{Mark, Version};

/// All records at one point in time, in the store's order. Pictures share what has not changed between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    version: Option<Version>,
    mark: Option<Mark>,
    shelves: Vec<Arc<Shelf>>,
    /// Shared as long as the same credentials are there in the same order.
    places: Arc<ByName<CredentialId, usize>>,
}

type Shelf = Vec<Arc<Record>>;

impl Picture {
    /// The picture of these records.
    pub(crate) fn of(records: impl IntoIterator<Item = Arc<Record>>) -> Self {
        let records = records.into_iter();
        let mut shelves: Vec<Shelf> = Vec::new();
        let mut places = ByName::default();
        places.reserve(records.size_hint().0);
        for (place, record) in records.enumerate() {
            places.insert(record.id.clone(), place);
            match shelves.last_mut() {
                Some(shelf) if shelf.len() < SHELF => shelf.push(record),
                Some(_) | None => shelves.push(vec![record]),
            }
        }
        Self {
            version: None,
            mark: None,
            shelves: shelves.into_iter().map(Arc::new).collect(),
            places: Arc::new(places),
        }
    }

    /// The same, known to be as the store was then.
    pub(crate) fn known_at(self, version: Version, mark: Option<Mark>) -> Self {
        Self {
            version: Some(version),
            mark,
            ..self
        }
    }

    /// The same, to be looked at again.
    pub(crate) fn outdated(self) -> Self {
        Self { version: None, ..self }
    }

    /// What the store's version was; `None`: it has to be looked at again.
    pub(crate) const fn version(&self) -> Option<Version> {
        self.version
    }

    /// How far the store's changes are in it; `None`: they cannot be told apart.
    pub(crate) const fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// The picture of these records in the store's order; what is as it was before is shared with the picture before.
    pub(crate) fn replaced(self, records: Vec<Arc<Record>>) -> Self {
        let same = |(record, before): (&Arc<Record>, &Arc<Record>)| record.id == before.id;
        if records.len() == self.places.len() && records.iter().zip(self.records()).all(same) {
            return self.with(records);
        }
        Self::of(records)
    }

    /// The same with these records, each in the place of what it was or in the store's order.
    pub(crate) fn with(mut self, changed: impl IntoIterator<Item = Arc<Record>>) -> Self {
        let mut others = ByName::default();
        for record in changed {
            match self.record(&record.id) {
                Some(shown) if *shown == record => {}
                Some(shown) if rank(shown) == rank(&record) => self.put(record),
                Some(_) | None => drop(others.insert(record.id.clone(), record)),
            }
        }
        if others.is_empty() {
            return self;
        }
        let kept = self.records().filter(|record| !others.contains_key(&record.id));
        let mut records: Vec<_> = kept.cloned().collect();
        records.extend(others.into_values());
        records.sort_by(|a, b| rank(a).cmp(&rank(b)));
        Self {
            version: self.version,
            mark: self.mark,
            ..Self::of(records)
        }
    }

    /// Puts a record in the place of what it was.
    fn put(&mut self, record: Arc<Record>) {
        let Some(place) = self.places.get(&record.id).copied() else {
            return;
        };
        if let Some(shelf) = self.shelves.get_mut(place / SHELF) {
            Arc::make_mut(shelf)[place % SHELF] = record;
        }
    }

    /// All of them, tombstones included.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.shelves.iter().flat_map(|shelf| shelf.iter())
    }

    /// One of them.
    pub(crate) fn record(&self, id: &CredentialId) -> Option<&Arc<Record>> {
        let place = *self.places.get(id)?;
        self.shelves.get(place / SHELF)?.get(place % SHELF)
    }

    /// The records that are not as they were before; `None` if others are there.
    pub(crate) fn changed_since<'a>(&'a self, before: &Self) -> Option<Vec<&'a Arc<Record>>> {
        if !Arc::ptr_eq(&self.places, &before.places) {
            return None;
        }
        let shelves = self.shelves.iter().zip(&before.shelves);
        let changed = shelves.filter(|(now, before)| !Arc::ptr_eq(now, before));
        let records = changed.flat_map(|(now, before)| now.iter().zip(before.iter()));
        let changed = records.filter(|(now, before)| !Arc::ptr_eq(now, before));
        Some(changed.map(|(now, _)| now).collect())
    }
}

/// The order of the store.
fn rank(record: &Record) -> impl Ord + '_ {
    (&record.provider, record.priority, record.created_at, &record.id)
}

/// 256: with a hundred thousand records a change copies four hundred shelves' addresses and one shelf.
const SHELF: usize = 256;

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
