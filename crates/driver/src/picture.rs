//! All records at one point in time, kept so that a change of one costs a shelf and not all of them.

use std::collections::HashMap;
use std::sync::Arc;

use evergrant_engine::credential::CredentialId;
use evergrant_engine::store::Record;

use crate::store::Version;

/// All records at one point in time, in the store's order. Pictures share what has not changed between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    version: Option<Version>,
    shelves: Vec<Arc<Shelf>>,
    /// Shared as long as the same credentials are there.
    places: Arc<HashMap<CredentialId, usize>>,
}

type Shelf = Vec<Arc<Record>>;

impl Picture {
    /// The picture of these records.
    pub(crate) fn of(version: Option<Version>, records: impl IntoIterator<Item = Arc<Record>>) -> Self {
        let mut shelves: Vec<Shelf> = Vec::new();
        let mut places = HashMap::new();
        for (place, record) in records.into_iter().enumerate() {
            places.insert(record.id.clone(), place);
            match shelves.last_mut() {
                Some(shelf) if shelf.len() < SHELF => shelf.push(record),
                Some(_) | None => shelves.push(vec![record]),
            }
        }
        Self {
            version,
            shelves: shelves.into_iter().map(Arc::new).collect(),
            places: Arc::new(places),
        }
    }

    /// The picture of what the store holds now; what is as it was before is shared with the picture before.
    pub(crate) fn after(self, version: Version, records: Vec<Arc<Record>>) -> Self {
        let same = |(record, before): (&Arc<Record>, &Arc<Record>)| record.id == before.id;
        if records.len() != self.places.len() || !records.iter().zip(self.records()).all(same) {
            return Self::of(Some(version), records);
        }
        let mut records = records.into_iter();
        let shelves = self.shelves.iter().map(|before| {
            let shelf: Shelf = records
                .by_ref()
                .zip(before.iter())
                .map(|(record, before)| if record == *before { Arc::clone(before) } else { record })
                .take(before.len())
                .collect();
            let is_same = shelf
                .iter()
                .zip(before.iter())
                .all(|(record, before)| Arc::ptr_eq(record, before));
            if is_same { Arc::clone(before) } else { Arc::new(shelf) }
        });
        Self {
            version: Some(version),
            shelves: shelves.collect(),
            places: Arc::clone(&self.places),
        }
    }

    /// What the store's version was; `None`: it has to be read again.
    pub(crate) const fn version(&self) -> Option<Version> {
        self.version
    }

    /// The same, to be read again.
    pub(crate) fn outdated(self) -> Self {
        Self { version: None, ..self }
    }

    /// The same with this record, in the place of what it was or at the end.
    pub(crate) fn with(self, record: Record) -> Self {
        let Some(place) = self.places.get(&record.id).copied() else {
            let added = std::iter::once(Arc::new(record));
            return Self::of(self.version, self.records().cloned().chain(added));
        };
        let mut shelves = self.shelves;
        if let Some(shelf) = shelves.get_mut(place / SHELF) {
            Arc::make_mut(shelf)[place % SHELF] = Arc::new(record);
        }
        Self { shelves, ..self }
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

/// 256: with a hundred thousand records a change copies four hundred shelves' addresses and one shelf.
const SHELF: usize = 256;

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
