//! Which member of a roster a request goes out with.

use std::ops::Range;
use std::time::Duration;

use super::affinity::{Conversation, FEW};
use super::index::Index;
use super::lease::Holder;
use super::member::Member;
use super::model_pause::{is_due, pause_of};
use super::probing::{Probing, Prospect, prospect};
use super::roster::Roster;
use super::strategy::Strategy;
use super::traffic::Traffic;
use crate::credential::{CredentialId, Label};
use crate::protection::{Protection, stands};
use crate::time::Moment;

/// What a choice has to respect.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Who asks.
    pub owner: Holder,
    /// Who has been tried in this attempt already.
    pub tried: &'a [CredentialId],
    /// The only label that will do, if the caller named one.
    pub pin: Option<&'a Label>,
    /// How long the token must be good for.
    pub min_valid: Duration,
    /// Whether one that cools down may be tried in between.
    pub probing: Probing,
    /// The conversation that the request belongs to, if it belongs to one.
    pub conversation: Option<Conversation>,
    /// The model it asks for, where limits are the model's.
    pub model: Option<&'a str>,
    /// Now.
    pub now: &'a Moment,
    /// Any number.
    pub entropy: u64,
}

/// A choice among a roster's members.
pub(super) struct Choosing<'a, 'r> {
    pub(super) roster: &'r Roster,
    pub(super) index: &'a Index,
    pub(super) traffic: &'a Traffic,
    pub(super) strategy: Strategy,
    pub(super) choice: &'a Choice<'a>,
}

/// Whom to look for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    Ready,
    Due,
    Both,
}

impl<'r> Choosing<'_, 'r> {
    /// Who is to be used now. Only the best priority that has anyone is looked at; those that cool down are passed over
    /// unless a probe is due, and what is lapsed and can be renewed counts as usable.
    pub(super) fn chosen(&self) -> Option<&'r Member> {
        if let Some(label) = self.choice.pin {
            let among = match self.choice.probing {
                Probing::Early | Probing::Late => Among::Both,
                Probing::Never => Among::Ready,
            };
            return self.roster.labelled(label).filter(|member| self.fits(member, among));
        }
        let place = match self.choice.probing {
            Probing::Early => self.best(Among::Both),
            Probing::Late => self.best(Among::Ready).or_else(|| self.best(Among::Due)),
            Probing::Never => self.best(Among::Ready),
        };
        self.roster.members().get(place?)
    }

    fn best(&self, among: Among) -> Option<usize> {
        let mut tiers = self.roster.tiers();
        tiers.find_map(|tier| self.of_tier(&tier, among))
    }

    fn of_tier(&self, tier: &Range<usize>, among: Among) -> Option<usize> {
        if !stands(Protection::ReadyIndex) {
            return tier.clone().find(|place| self.serves(*place, among));
        }
        let any = self.choice.entropy;
        match (self.strategy, self.choice.conversation) {
            (Strategy::FillFirst, _) => self.from(tier.start, tier, among),
            (Strategy::RoundRobin, _) => {
                let next = self.index.latest.map_or(0, |latest| latest + 1);
                self.from(next, tier, among)
            }
            (Strategy::LeastUsed, _) => self.least_used(tier, among),
            (Strategy::Affinity, Some(conversation)) => self.own(conversation, tier, among),
            (Strategy::Random | Strategy::Affinity, _) => self.by_number(any, tier, among),
        }
    }

    /// The first from there on, and around.
    fn from(&self, start: usize, tier: &Range<usize>, among: Among) -> Option<usize> {
        let start = if tier.contains(&start) { start } else { tier.start };
        let late = self.first_that_serves(start..tier.end, among);
        late.or_else(|| self.first_that_serves(tier.start..start, among))
    }

    fn first_that_serves(&self, mut range: Range<usize>, among: Among) -> Option<usize> {
        while let Some(place) = self.first_in(&range, among) {
            if self.serves(place, among) {
                return Some(place);
            }
            range.start = place + 1;
        }
        None
    }

    fn first_in(&self, range: &Range<usize>, among: Among) -> Option<usize> {
        let (ready, due) = (&self.index.ready, &self.index.due);
        match self.marked(among) {
            Among::Ready => ready.first_in(range),
            Among::Due => due.first_in(range),
            Among::Both => match (ready.first_in(range), due.first_in(range)) {
                (Some(ready), Some(due)) => Some(ready.min(due)),
                (ready, due) => ready.or(due),
            },
        }
    }

    /// The one that a number falls on, each as likely as any other; or the next.
    fn by_number(&self, number: u64, tier: &Range<usize>, among: Among) -> Option<usize> {
        let ready = match self.marked(among) {
            Among::Ready | Among::Both => self.count(tier, Among::Ready),
            Among::Due => 0,
        };
        let nth = number % self.count(tier, among).max(1);
        let place = |nth: u64| usize::try_from(nth).unwrap_or(0);
        let start = if nth < ready {
            self.index.ready.nth_in(tier, place(nth))
        } else {
            self.index.due.nth_in(tier, place(nth - ready))
        };
        self.from(start.unwrap_or(tier.start), tier, among)
    }

    fn least_used(&self, tier: &Range<usize>, among: Among) -> Option<usize> {
        let ready = match among {
            Among::Ready | Among::Both => self
                .index
                .fewest
                .least_in(tier, |place| self.serves(place, Among::Ready)),
            Among::Due => None,
        };
        let due = match among {
            Among::Due | Among::Both => self.first_that_serves(tier.clone(), Among::Due),
            Among::Ready => None,
        };
        match (ready, due) {
            (Some((ready, sent)), Some(due)) if self.sent(due) > u64::from(sent) => Some(ready),
            (Some((ready, _)), None) => Some(ready),
            (_, due) => due,
        }
    }

    fn sent(&self, place: usize) -> u64 {
        let member = self.roster.members().get(place);
        member.map_or(0, |member| self.traffic.count(&member.lease.fence.id))
    }

    /// The conversation's own, or whoever it falls to as long as that one cannot serve.
    fn own(&self, conversation: Conversation, tier: &Range<usize>, among: Among) -> Option<usize> {
        let number = conversation.number();
        if !stands(Protection::OwnCredential) {
            return self.by_number(number, tier, among);
        }
        let seats = self.roster.seats();
        let serves = |place| self.serves(place, among);
        if tier.len() <= FEW {
            let marked = tier.clone().filter(|place| self.is_marked(*place, among));
            return seats.ranked(conversation, marked, serves);
        }
        if self.count(tier, among) <= FEW as u64 {
            let next = |from: usize| self.first_in(&(from..tier.end), among);
            let marked = std::iter::successors(next(tier.start), |place| next(place + 1));
            return seats.ranked(conversation, marked, serves);
        }
        let drawn = seats.drawn(conversation, tier, |place| {
            self.is_marked(place, among) && serves(place)
        });
        drawn.or_else(|| self.by_number(number, tier, among))
    }

    fn count(&self, tier: &Range<usize>, among: Among) -> u64 {
        let (ready, due) = (&self.index.ready, &self.index.due);
        let count = match self.marked(among) {
            Among::Ready => ready.count_in(tier),
            Among::Due => due.count_in(tier),
            Among::Both => ready.count_in(tier) + due.count_in(tier),
        };
        count as u64
    }

    fn is_marked(&self, place: usize, among: Among) -> bool {
        match self.marked(among) {
            Among::Ready => self.index.ready.has(place),
            Among::Due => self.index.due.has(place),
            Among::Both => self.index.ready.has(place) || self.index.due.has(place),
        }
    }

    /// What the index knows was so when it was looked at; whoever is chosen is looked at once more.
    fn serves(&self, place: usize, among: Among) -> bool {
        let member = self.roster.members().get(place);
        member.is_some_and(|member| self.fits(member, among))
    }

    fn fits(&self, member: &Member, among: Among) -> bool {
        let choice = self.choice;
        let id = &member.lease.fence.id;
        if choice.tried.contains(id) {
            return false;
        }
        let last = || self.traffic.last(id);
        match (
            prospect(member, last, choice.min_valid, choice.now),
            self.resting(member),
        ) {
            (Prospect::Ready, None) => among != Among::Due,
            // The model is asked for as a probe, as whoever cools down altogether is.
            (Prospect::Ready | Prospect::Due, Some(is_due)) => among != Among::Ready && is_due,
            (Prospect::Due, None) => among != Among::Ready,
            (Prospect::Resting, _) => false,
        }
    }

    /// Whether it rests for the model, and then whether a probe is due.
    fn resting(&self, member: &Member) -> Option<bool> {
        let model = self.choice.model?;
        let pause = pause_of(member, model, self.choice.now)?;
        let last = self.traffic.last_asked(&member.lease.fence.id, model);
        Some(is_due(pause, last, self.choice.now))
    }

    /// Where to look for them. Who rests for a model alone is marked as ready.
    const fn marked(&self, among: Among) -> Among {
        match among {
            Among::Due if self.choice.model.is_some() => Among::Both,
            among @ (Among::Ready | Among::Due | Among::Both) => among,
        }
    }
}
