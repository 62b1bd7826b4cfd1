//! The credentials of one provider in their order, and which of them is to be used.

use std::collections::HashMap;
use std::time::Duration;

use super::cooldown::probe_interval;
use super::health::{Bar, Readiness, readiness, secret};
use super::lease::Lease;
use super::member::{Life, Member};
use super::traffic::Traffic;
use crate::credential::{CredentialId, Label};
use crate::store::Record;
use crate::time::Moment;

/// How a pool chooses among credentials of the same priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// The oldest that can be used.
    #[default]
    FillFirst,
    /// Each in turn.
    RoundRobin,
    /// The one with the fewest requests.
    LeastUsed,
    /// Any.
    Random,
}

impl Strategy {
    /// The word of `config.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FillFirst => "fill-first",
            Self::RoundRobin => "round-robin",
            Self::LeastUsed => "least-used",
            Self::Random => "random",
        }
    }

    /// The strategy of that word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "fill-first" => Some(Self::FillFirst),
            "round-robin" => Some(Self::RoundRobin),
            "least-used" => Some(Self::LeastUsed),
            "random" => Some(Self::Random),
            _ => None,
        }
    }
}

/// The credentials of one provider, by priority and then creation; made anew whenever the store changes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Roster {
    members: Vec<Member>,
    places: HashMap<CredentialId, usize>,
    /// Where each run of equal priority ends.
    tiers: Vec<usize>,
}

/// What a choice has to respect.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// How to choose among equals.
    pub strategy: Strategy,
    /// Who has been tried in this attempt already.
    pub tried: &'a [CredentialId],
    /// The only label that will do, if the caller named one.
    pub pin: Option<&'a Label>,
    /// How long the token must be good for.
    pub min_valid: Duration,
    /// Whether one that cools down may be tried in between.
    pub probes: bool,
    /// Now.
    pub now: &'a Moment,
    /// Any number.
    pub entropy: u64,
}

impl Roster {
    /// The labels, in its order, of those that are not logged out.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        let living = self.members.iter().filter(|member| member.life != Life::None);
        living.map(|member| &member.lease.label)
    }

    /// The roster of a provider's records.
    pub fn new<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        Self::of(records.into_iter().map(Member::of).collect())
    }

    /// The roster of these members.
    pub fn of(mut members: Vec<Member>) -> Self {
        members.sort_by(|a, b| {
            (a.priority, a.created_at, &a.lease.fence.id).cmp(&(b.priority, b.created_at, &b.lease.fence.id))
        });
        let places = members.iter().enumerate();
        let places = places.map(|(place, member)| (member.lease.fence.id.clone(), place));
        let ends = (1..=members.len()).filter(|end| {
            let next = members.get(*end);
            next.is_none_or(|next| members.get(end - 1).is_none_or(|last| last.priority != next.priority))
        });
        Self {
            places: places.collect(),
            tiers: ends.collect(),
            members,
        }
    }

    /// Every member, in order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that id.
    pub fn member(&self, id: &CredentialId) -> Option<&Member> {
        self.places.get(id).and_then(|place| self.members.get(*place))
    }

    /// Whether nobody else of this provider could serve, now or after a cooldown.
    pub fn is_sole(&self, id: &CredentialId, now: &Moment) -> bool {
        let other = |member: &Member| {
            member.lease.fence.id != *id && !matches!(secret(member, Duration::ZERO, now), Readiness::Never(_))
        };
        !self.members.iter().any(other)
    }

    /// Who is to be used now. Only the best priority that has anyone is looked at; those that cool down are passed over
    /// unless a probe is due, and what is lapsed and can be renewed counts as usable.
    pub fn pick(&self, traffic: &Traffic, choice: &Choice<'_>) -> Option<Lease> {
        let starts = std::iter::once(&0).chain(&self.tiers);
        let mut tiers = starts.zip(&self.tiers).map(|(start, end)| &self.members[*start..*end]);
        tiers
            .find_map(|tier| among(tier, traffic, choice))
            .map(|member| member.lease.clone())
    }

    /// Why each of those that `pin` allows cannot be used, or when it can.
    pub fn readiness<'a>(
        &'a self,
        pin: Option<&'a Label>,
        now: &'a Moment,
    ) -> impl Iterator<Item = (&'a Member, Readiness)> + 'a {
        self.members
            .iter()
            .filter(move |member| pin.is_none_or(|label| *label == member.lease.label))
            .map(move |member| (member, readiness(member, Duration::ZERO, now)))
            .filter(|(_, readiness)| *readiness != Readiness::Never(Bar::LoggedOut))
    }
}

fn among<'a>(tier: &'a [Member], traffic: &Traffic, choice: &Choice<'_>) -> Option<&'a Member> {
    let from = |start: u64| {
        let start = usize::try_from(start % (tier.len().max(1) as u64)).unwrap_or(0);
        let (early, late) = tier.split_at(start);
        late.iter().chain(early).find(|member| fits(member, traffic, choice))
    };
    match choice.strategy {
        Strategy::FillFirst => from(0),
        Strategy::RoundRobin => from(traffic.turn()),
        Strategy::Random => from(choice.entropy),
        Strategy::LeastUsed => tier
            .iter()
            .filter(|member| fits(member, traffic, choice))
            .min_by_key(|member| traffic.count(&member.lease.fence.id)),
    }
}

fn fits(member: &Member, traffic: &Traffic, choice: &Choice<'_>) -> bool {
    let id = &member.lease.fence.id;
    if choice.tried.contains(id) || choice.pin.is_some_and(|label| *label != member.lease.label) {
        return false;
    }
    match readiness(member, choice.min_valid, choice.now) {
        Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread => true,
        Readiness::NotBefore { until, .. } => {
            let serves = matches!(
                secret(member, choice.min_valid, choice.now),
                Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread
            );
            let interval = probe_interval(until.since(choice.now.wall));
            let quiet = traffic.last(id).map(|last| choice.now.boot.since(last));
            choice.probes && serves && quiet.is_none_or(|quiet| quiet >= interval)
        }
        Readiness::Never(_) => false,
    }
}
