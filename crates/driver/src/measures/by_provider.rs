//! Numbers that are kept for each provider apart: found without a lock, and as many as there are rows.

use std::sync::Arc;

use arc_swap::ArcSwap;
use evergrant_engine::credential::ProviderId;
use evergrant_engine::named::ByName;

/// One of them for each provider that anything happens with.
#[derive(Debug)]
pub struct ByProvider<T>(ArcSwap<ByName<ProviderId, Arc<T>>>);

impl<T> Default for ByProvider<T> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<T: Default> ByProvider<T> {
    /// That of a provider, which must be one that has a row: what is made here stays.
    pub fn of(&self, provider: &ProviderId) -> Arc<T> {
        match looked_up(&self.0.load(), provider) {
            Some(known) => Arc::clone(known),
            None => self.enlist(provider),
        }
    }

    /// The same for what is done at once: nothing is counted.
    pub fn at<R>(&self, provider: &ProviderId, act: impl FnOnce(&T) -> R) -> R {
        match looked_up(&self.0.load(), provider) {
            Some(known) => act(known),
            None => act(&self.enlist(provider)),
        }
    }

    /// All of them, in the order of their providers' names.
    pub fn all(&self) -> Vec<(ProviderId, Arc<T>)> {
        let known = self.0.load();
        let mut all: Vec<_> = known.iter().map(|(id, one)| (id.clone(), Arc::clone(one))).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    fn enlist(&self, provider: &ProviderId) -> Arc<T> {
        let new = Arc::new(T::default());
        self.0.rcu(|known| {
            let mut known = ByName::clone(known);
            known.entry(provider.clone()).or_insert_with(|| Arc::clone(&new));
            known
        });
        self.0.load().get(provider).map_or(new, Arc::clone)
    }
}

/// Looked up by the same code wherever a request counts something of this kind.
#[inline(never)]
fn looked_up<'a, T>(known: &'a ByName<ProviderId, Arc<T>>, provider: &ProviderId) -> Option<&'a Arc<T>> {
    known.get(provider)
}
