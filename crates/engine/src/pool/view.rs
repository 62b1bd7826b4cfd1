//! The pools of all providers at one moment, as a machine is shown them.

use std::ops::Range;
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
use crate::named::ByName;
use crate::time::{Moment, Timestamp};
use crate::verdict::Place;

/// The pools of all providers at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    pools: ByName<ProviderId, Pool>,
    /// At which times no pool has anyone who must be looked at: most requests come at such a time.
    calm: Range<Timestamp>,
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
        self.calm = Range::default();
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
        self.calm = within(&self.calm, &pool.index.calm());
        true
    }

    /// Knows who can be used by now. A choice at a later time is as good and takes longer.
    pub fn advance(&mut self, now: &Moment) {
        if self.calm.contains(&now.wall) {
            return;
        }
        self.calm = Timestamp::FIRST..Timestamp::LAST;
        for pool in self.pools.values_mut() {
            if pool.index.is_behind(now) {
                pool.index.advance(&pool.roster, &pool.traffic, now);
            }
            self.calm = within(&self.calm, &pool.index.calm());
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
            let count = pool.traffic.sent(lease, now);
            let Some(place) = pool.roster.place(&lease.fence.id) else {
                return;
            };
            let member = pool.roster.members().get(place);
            if let Some(model) =
                model.filter(|model| member.is_some_and(|member| pause_of(member, model, now).is_some()))
            {
                pool.traffic.asked_for(&lease.fence.id, model, now);
            }
            pool.index.sent(place, count, &pool.roster, &pool.traffic, now);
            self.calm = within(&self.calm, &pool.index.calm());
        }
    }

    /// The pool of a provider; looked up by one and the same code in each step of a request.
    #[inline(never)]
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

/// What two spans of time have in common.
fn within(one: &Range<Timestamp>, other: &Range<Timestamp>) -> Range<Timestamp> {
    one.start.max(other.start)..one.end.min(other.end)
}

impl Pool {
    /// The lease of who is to be used now; the strategy is this pool's own. It reads memory alone and allocates nothing,
    /// unless the pool was not told of the time ([`View::advance`]).
    pub fn pick(&self, choice: &Choice<'_>) -> Option<Lease> {
        self.picked(choice).map(|member| member.lease.given_to(choice.owner))
    }

    /// Who is to be used now.
    pub(crate) fn picked(&self, choice: &Choice<'_>) -> Option<&Member> {
        let index = self.index.at(&self.roster, &self.traffic, choice.now);
        let choosing = Choosing {
            roster: &self.roster,
            index: &index,
            traffic: &self.traffic,
            strategy: self.strategy,
            choice,
        };
        choosing.chosen()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::bench_tests::{at, member, refuse};
    use super::super::lease::Leased;
    use super::*;
    use crate::store::Standing;
    use crate::vocabulary::Verdict;

    /// Two providers with somebody who rests, asked at times that go on and back: nobody is left who has to be looked at.
    #[test]
    fn whoever_is_told_of_the_time_is_behind_in_no_pool() {
        let resting = |secs: u64, from: u64| {
            let mut resting = member("a", 0);
            *resting.standing = refuse(&Standing::default(), Verdict::UsageLimited, Some(secs), false, from);
            resting
        };
        let of = |provider: &str, mut member: Member| {
            member.lease = Lease::to(Leased {
                provider: provider.into(),
                ..Leased::clone(&member.lease)
            });
            member
        };
        let mut view = View::default();
        for (provider, secs) in [("p", 300), ("q", 1_000)] {
            let roster = Roster::of(vec![of(provider, resting(secs, 1_000)), of(provider, member("b", 1))]);
            view.enroll(&provider.into(), Arc::new(roster));
        }
        let is_behind = |view: &View, now: &Moment| view.pools.values().any(|pool| pool.index.is_behind(now));
        let mut looked = 0;
        for step in 0..400 {
            // Once in a while the clock is set back by ten minutes.
            let now = at(1_000 + step * 7 - if step % 90 > 80 { 600 } else { 0 });
            looked += usize::from(is_behind(&view, &now));
            view.advance(&now);
            assert!(!is_behind(&view, &now), "{step}");
            assert!(view.calm.contains(&now.wall), "{step}");
            if step % 50 == 20 {
                assert!(view.amend(of("q", resting(100, 1_000 + step * 7)), &now));
            }
            let lease = view.pool(&"p".into()).unwrap().roster.members()[0].lease.clone();
            view.sent(&lease, None, &now);
            let soon = Moment {
                wall: now.wall.plus(Duration::from_secs(3)),
                ..now
            };
            assert!(!view.calm.contains(&soon.wall) || !is_behind(&view, &soon), "{step}");
        }
        assert!((10..200).contains(&looked), "{looked}");
    }
}
