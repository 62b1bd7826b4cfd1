//! The pools of all providers at one moment, as a machine is shown them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lease::Lease;
use super::member::Member;
use super::roster::{Choice, Roster, Strategy};
use super::traffic::Traffic;
use crate::credential::ProviderId;
use crate::time::Moment;
use crate::verdict::Place;

/// The pools of all providers at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct View {
    pools: BTreeMap<ProviderId, Pool>,
}

/// One provider's credentials, how to choose among them, and what was sent with each.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pool {
    /// The credentials.
    pub roster: Arc<Roster>,
    /// How to choose.
    pub strategy: Strategy,
    /// What was sent.
    pub traffic: Traffic,
    /// Who the provider is, for what people are told.
    pub place: Option<Arc<Place>>,
}

impl View {
    /// Takes up a provider's new roster; what was sent with its credentials is remembered.
    pub fn enroll(&mut self, provider: &ProviderId, roster: Arc<Roster>) {
        self.pools.entry(provider.clone()).or_default().roster = roster;
    }

    /// Takes up who a provider is, so that failures can name the remedy that works there.
    pub fn describe(&mut self, place: Arc<Place>) {
        let pool = self.pools.entry(place.provider.clone()).or_default();
        pool.place = Some(place);
    }

    /// Sets how a provider's credentials are chosen.
    pub fn choose_by(&mut self, provider: &ProviderId, strategy: Strategy) {
        self.pools.entry(provider.clone()).or_default().strategy = strategy;
    }

    /// Counts a request; whoever carries out a `Send` calls this before anyone else chooses.
    pub fn sent(&mut self, lease: &Lease, now: &Moment) {
        if let Some(pool) = self.pools.get_mut(&lease.provider) {
            pool.traffic.sent(lease, now);
        }
    }

    /// The pool of a provider.
    pub fn pool(&self, provider: &ProviderId) -> Option<&Pool> {
        self.pools.get(provider)
    }

    /// Who a provider is; of one that nobody has described only its name is known.
    pub fn place(&self, provider: &ProviderId) -> Arc<Place> {
        let place = self.pool(provider).and_then(|pool| pool.place.clone());
        place.unwrap_or_else(|| Arc::new(Place::without_row(provider.clone())))
    }

    /// What is known now of the credential a lease is for.
    pub fn member(&self, lease: &Lease) -> Option<&Member> {
        self.pool(&lease.provider)?.roster.member(&lease.fence.id)
    }
}

impl Pool {
    /// Who is to be used now; the strategy is this pool's own.
    pub fn pick(&self, choice: &Choice<'_>) -> Option<Lease> {
        self.roster.pick(
            &self.traffic,
            &Choice {
                strategy: self.strategy,
                ..*choice
            },
        )
    }
}
