//! The door: looks up what is shown in a snapshot of the keys, and holds each to its terms; no file, no database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::time::Timestamp;
use tokio::time::Instant;

use super::guest::{Guest, Holder};
use super::kept_out::KeptOut;
use super::keyring::Keyring;
use super::meter::until_midnight;
use super::refusal::{
    expired, other_model, other_provider, too_fast, too_many, uncountable, unknown, unnamed_model, used_up,
};
use crate::clock::Clock;
use crate::store::{Store, StoreFault, Version};

/// The door of a gateway.
pub(crate) struct Door {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    keys: ArcSwap<Keyring>,
    /// As of which version of the store.
    seen: Mutex<Option<Version>>,
}

/// What became of somebody who showed something.
pub(crate) enum Entry {
    /// It may come in.
    In(Guest),
    /// The key is known, and its terms forbid it now.
    Refused(Box<KeptOut>),
    /// The key is lent, and over unless it has been extended since the snapshot was taken.
    Over(Box<KeptOut>),
    /// No key is like that.
    Unknown,
}

impl Door {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            keys: ArcSwap::default(),
            seen: Mutex::default(),
        }
    }

    /// Reads the keys again if anything in the store has changed; blocks on the disk.
    pub(crate) fn look(&self) -> Result<(), StoreFault> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the keys: a change between the two is seen again at the next look.
        let version = self.store.version()?;
        if *seen == Some(version) {
            return Ok(());
        }
        let keys = self.store.client_keys()?;
        let before = self.keys.load();
        let same = before.holders().count() == keys.len()
            && keys
                .iter()
                .all(|key| before.of(&key.fingerprint).is_some_and(|holder| holder.key == *key));
        if !same {
            self.keys.store(Arc::new(Keyring::after(&before, keys)));
        }
        *seen = Some(version);
        Ok(())
    }

    /// Lets in who shows this.
    pub(crate) fn enter(&self, shown: &str) -> Entry {
        if !stands(Protection::KeysInMemory) {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
            // Whoever cannot be looked up is unknown.
            let _ = self.look();
        }
        let fingerprint = self.store.fingerprint_key().fingerprint_of(shown);
        let keys = self.keys.load();
        let Some(holder) = keys.of(&fingerprint) else {
            return Entry::Unknown;
        };
        match self.held_to_its_terms(holder) {
            Ok(guest) => Entry::In(guest),
            Err(failure) => {
                let is_over = holder.key.lent && failure.code == Code::ClientKeyInvalid;
                let key = Some(holder.key.name.clone());
                let kept_out = Box::new(KeptOut { failure, key });
                if is_over {
                    Entry::Over(kept_out)
                } else {
                    Entry::Refused(kept_out)
                }
            }
        }
    }

    /// Whether somebody who was let in may go on with a WebSocket: its key is still here and not over, has no budget, and may
    /// still ask this provider for this model.
    pub(crate) fn may_stay(&self, guest: &Guest, provider: &ProviderId, model: Option<&str>) -> Result<(), Failure> {
        let Some(fingerprint) = guest.fingerprint() else {
            return Ok(());
        };
        let keys = self.keys.load();
        let holder = keys.of(fingerprint).ok_or_else(unknown)?;
        self.has_not_run_out(holder)?;
        let (terms, name) = (&holder.key.terms, &holder.key.name);
        if terms.tokens_per_day.is_some() {
            return Err(uncountable(name, "a WebSocket"));
        }
        if !terms.allows_provider(provider) {
            return Err(other_provider(name, std::slice::from_ref(provider)));
        }
        match model {
            Some(model) if !terms.allows_model(model) => Err(other_model(name, model)),
            None if !terms.models.is_empty() => Err(unnamed_model(name)),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether there is time left, and tokens.
    fn has_not_run_out(&self, holder: &Holder) -> Result<(), Failure> {
        let (terms, name) = (&holder.key.terms, &holder.key.name);
        if terms.expires_at.is_none() && terms.tokens_per_day.is_none() {
            return Ok(());
        }
        let now = self.clock.now().wall;
        if let Some(at) = terms.expires_at.filter(|_| terms.has_expired(now)) {
            return Err(expired(name, at));
        }
        let is_spent = |limit: &u64| holder.meter.spent(now) >= *limit;
        match terms.tokens_per_day.filter(is_spent) {
            Some(limit) => Err(used_up(name, limit, until_midnight(now))),
            None => Ok(()),
        }
    }

    fn held_to_its_terms(&self, holder: &Arc<Holder>) -> Result<Guest, Failure> {
        self.has_not_run_out(holder)?;
        let (terms, name, meter) = (&holder.key.terms, &holder.key.name, &holder.meter);
        if !meter.take_place(terms.concurrency) {
            return Err(too_many(name, terms.concurrency.unwrap_or_default()));
        }
        // From here on the place is given back with the guest.
        let guest = Guest::of(Arc::clone(holder));
        if let Some(limit) = terms.requests_per_minute {
            meter
                .count(limit, Instant::now())
                .map_err(|after| too_fast(name, limit, after))?;
        }
        Ok(guest)
    }

    /// Whether there is a key that would be let in.
    pub(crate) fn has_keys(&self) -> bool {
        let now = self.clock.now().wall;
        let keys = self.keys.load();
        keys.holders().any(|holder| !holder.key.terms.has_expired(now))
    }

    /// Whether any key has a budget of tokens.
    pub(crate) fn has_budgets(&self) -> bool {
        let keys = self.keys.load();
        keys.holders().any(|holder| holder.key.terms.tokens_per_day.is_some())
    }

    /// Takes note of what others have used today, by key.
    pub(crate) fn note_others(&self, tokens: &HashMap<String, u64>, now: Timestamp) {
        for holder in self.keys.load().holders() {
            let used = tokens.get(holder.key.name.as_str()).copied().unwrap_or_default();
            holder.meter.others(used, now);
        }
    }

    /// How many requests of each key are under way.
    pub(crate) fn present(&self) -> Vec<(String, u32)> {
        let keys = self.keys.load();
        let mut present: Vec<_> = keys
            .holders()
            .map(|holder| (holder.key.name.to_string(), holder.meter.present()))
            .collect();
        present.sort();
        present
    }
}
