//! The pools of all providers at one moment, as a machine is shown them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::choosing::{Choice, Choosing};
use super::cooldown::Cooldowns;
use super::index::Index;
use super::lease::Lease;
use super::member::Member;
use super::model_pause::pause_of;
use super::roster::Roster;
use super::strategy::Strategy;
use super::traffic::Traffic;
use crate::credential::ProviderId;
use crate::time::Moment;
use crate::verdict::Place;

/// The pools of all providers at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    pools: BTreeMap<ProviderId, Pool>,
}

/// One provider's credentials, how to choose among them, and what was sent with each.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// The credentials.
    pub roster: Arc<Roster>,
    /// How to choose.
    pub strategy: Strategy,
    /// How long a refusal keeps a credential away.
    pub cooldowns: Arc<Cooldowns>,
    /// What was sent.
    pub traffic: Traffic,
    /// Who the provider is, for what people are told.
    pub place: Option<Arc<Place>>,
    index: Index,
}

impl View {
    /// Takes up a provider's new roster; what was sent with its credentials is remembered.
    pub fn enroll(&mut self, provider: &ProviderId, roster: Arc<Roster>) {
        let pool = self.pools.entry(provider.clone()).or_default();
        pool.index = Index::of(&roster, &pool.traffic);
        pool.roster = roster;
    }

    /// Takes up what has changed of one credential; `false`: its roster must be made anew.
    pub fn amend(&mut self, member: Member, now: &Moment) -> bool {
        let Some(pool) = self.pools.get_mut(&member.lease.provider) else {
            return false;
        };
        let Some(place) = Arc::make_mut(&mut pool.roster).put(member) else {
            return false;
        };
        pool.index.look(place, &pool.roster, &pool.traffic, now);
        true
    }

    /// Knows who can be used by now. A choice at a later time is as good and takes longer.
    pub fn advance(&mut self, now: &Moment) {
        for pool in self.pools.values_mut() {
            if pool.index.is_behind(now) {
                pool.index.advance(&pool.roster, &pool.traffic, now);
            }
        }
    }

    /// Takes up who a provider is, so that failures can name the remedy that works there.
    pub fn describe(&mut self, place: Arc<Place>) {
        let pool = self.pools.entry(place.provider.clone()).or_default();
        pool.place = Some(place);
    }

    /// Sets how a provider's credentials are chosen, and how long a refusal keeps them away.
    pub fn choose_by(&mut self, provider: &ProviderId, strategy: Strategy, cooldowns: Arc<Cooldowns>) {
        let pool = self.pools.entry(provider.clone()).or_default();
        pool.strategy = strategy;
        pool.cooldowns = cooldowns;
    }

    /// Counts a request for this model, if limits may be the model's; whoever carries out a `Send` calls this before anyone
    /// else chooses.
    pub fn sent(&mut self, lease: &Lease, model: Option<&str>, now: &Moment) {
        if let Some(pool) = self.pools.get_mut(&lease.provider) {
            pool.traffic.sent(lease, now);
            let member = pool.roster.member(&lease.fence.id);
            if let Some(model) =
                model.filter(|model| member.is_some_and(|member| pause_of(member, model, now).is_some()))
            {
                pool.traffic.asked_for(&lease.fence.id, model, now);
            }
            if let Some(place) = pool.roster.place(&lease.fence.id) {
                pool.index.sent(place, &pool.roster, &pool.traffic, now);
            }
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
    /// Who is to be used now; the strategy is this pool's own. It reads memory alone and allocates nothing, unless the
    /// pool was not told of the time ([`View::advance`]).
    pub fn pick(&self, choice: &Choice<'_>) -> Option<Lease> {
        let index = self.index.at(&self.roster, &self.traffic, choice.now);
        let choosing = Choosing {
            roster: &self.roster,
            index: &index,
            traffic: &self.traffic,
            strategy: self.strategy,
            choice,
        };
        choosing.chosen().map(|member| member.lease.given_to(choice.owner))
    }
}
