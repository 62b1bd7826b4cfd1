//! Who asks: the holder of a client key, or nobody in particular; what it may do, and that it is still here.

use std::sync::Arc;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::time::Timestamp;

use super::meter::Meter;
use super::refusal::{leads_past, other_model, other_provider, other_purpose, uncountable, unnamed_model};
use crate::client_key::{ClientKey, KeyName};

/// Who asks. Clones stand for the same request; with the last of them its place is free again.
#[derive(Clone, Debug, Default)]
pub struct Guest(Option<Arc<Visit>>);

/// One request of a key's holder.
#[derive(Debug)]
struct Visit(Arc<Holder>);

/// A client key and what it has used.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) key: ClientKey,
    pub(super) meter: Arc<Meter>,
    /// Whether its terms hold it to anything.
    pub(super) is_limited: bool,
}

impl Guest {
    /// Nobody in particular: who asks from this machine, the chat, its tasks.
    pub const fn nobody() -> Self {
        Self(None)
    }

    /// A request of this holder, whose place has been taken.
    pub(super) fn of(holder: Arc<Holder>) -> Self {
        Self(Some(Arc::new(Visit(holder))))
    }

    fn key(&self) -> Option<&ClientKey> {
        self.0.as_deref().map(|visit| &visit.0.key)
    }

    /// The name of the key that was shown, if one was.
    pub fn key_name(&self) -> Option<&KeyName> {
        self.key().map(|key| &key.name)
    }

    /// Whether only some models may be asked for: then a request must say plainly which one it means.
    pub fn is_held_to_models(&self) -> bool {
        self.key().is_some_and(|key| !key.terms.models.is_empty())
    }

    /// Refuses a key for the metrics everything else, and every other key the metrics, which tell of all that others do.
    ///
    /// # Errors
    /// `client-key-forbidden`
    pub fn check_purpose(&self, reads_metrics: bool) -> Result<(), Failure> {
        match self.key() {
            Some(key) if key.terms.metrics != reads_metrics => Err(other_purpose(&key.name, reads_metrics)),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether what is used is held to a budget.
    pub(crate) fn has_budget(&self) -> bool {
        self.key().is_some_and(|key| key.terms.tokens_per_day.is_some())
    }

    /// Whether it is held to anything at all.
    pub(crate) fn is_limited(&self) -> bool {
        self.0.as_deref().is_some_and(|visit| visit.0.is_limited)
    }

    /// Refuses what leads past the gateway, and so past all that a key is held to.
    ///
    /// # Errors
    /// `client-key-forbidden`, for who holds a key.
    pub(crate) fn leads_past(&self) -> Result<(), Failure> {
        self.key().map_or(Ok(()), |key| Err(leads_past(&key.name)))
    }

    /// Refuses what uses tokens that nobody here is told of.
    ///
    /// # Errors
    /// `client-key-forbidden`, for who holds a key.
    pub(crate) fn uncountable(&self, what: &str) -> Result<(), Failure> {
        self.key().map_or(Ok(()), |key| Err(uncountable(&key.name, what)))
    }

    /// Whether this provider may be asked.
    pub fn may_ask(&self, provider: &ProviderId) -> bool {
        self.key().is_none_or(|key| key.terms.allows_provider(provider))
    }

    /// Whether this model may be asked for.
    pub fn may_use(&self, model: &str) -> bool {
        self.key().is_none_or(|key| key.terms.allows_model(model))
    }

    /// Refuses a model that may not be asked for, and a request that names none where that matters.
    ///
    /// # Errors
    /// `client-key-forbidden`
    pub fn check_model(&self, model: Option<&str>) -> Result<(), Failure> {
        match (self.key(), model) {
            (Some(key), Some(model)) if !key.terms.allows_model(model) => Err(other_model(&key.name, model)),
            (Some(key), None) if !key.terms.models.is_empty() => Err(unnamed_model(&key.name)),
            (_, _) => Ok(()),
        }
    }

    /// Leaves of the providers of a request those that may be asked.
    ///
    /// # Errors
    /// `client-key-forbidden`: none is left.
    pub(crate) fn keep_to_its_own(&self, providers: &mut Vec<ProviderId>) -> Result<(), Failure> {
        let Some(key) = self.key() else { return Ok(()) };
        if !providers.iter().any(|provider| self.may_ask(provider)) {
            return Err(other_provider(&key.name, providers));
        }
        providers.retain(|provider| self.may_ask(provider));
        Ok(())
    }

    /// The key that was shown, by what it is found by.
    pub(super) fn fingerprint(&self) -> Option<&Fingerprint> {
        self.key().map(|key| &key.fingerprint)
    }

    /// Counts the tokens of an answer that was fetched against the key's budget, as far as it has not paid for them.
    pub(crate) fn spend_on_fetched(&self, answer: &str, tokens: u64, now: Timestamp) {
        if let Some(visit) = &self.0 {
            visit.0.meter.spend_on_fetched(answer, tokens, now);
        }
    }

    /// Takes note that the answer of this id, which can be fetched again, has been paid for.
    pub(crate) fn has_paid(&self, answer: &str, tokens: u64) {
        if let Some(visit) = &self.0 {
            visit.0.meter.has_paid(answer, tokens);
        }
    }

    /// Counts tokens against the key's budget.
    pub(crate) fn spend(&self, tokens: u64, now: Timestamp) {
        if let Some(visit) = &self.0 {
            visit.0.meter.spend(tokens, now);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.meter.leave();
    }
}
