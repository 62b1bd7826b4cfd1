//! The credentials of one provider in their order.

use std::ops::Range;
use std::time::Duration;

use super::affinity::Seats;
use super::health::{Bar, Readiness, readiness, secret};
use super::member::{Life, Member};
use crate::credential::{CredentialId, Label};
use crate::named::ByName;
use crate::store::Record;
use crate::time::Moment;

/// The credentials of one provider, by priority and then creation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Roster {
    members: Vec<Member>,
    places: ByName<CredentialId, usize>,
    /// Of those that are not logged out.
    labelled: ByName<Label, usize>,
    /// Where each run of equal priority ends.
    tiers: Vec<usize>,
    seats: Seats,
}

impl Roster {
    /// The roster of a provider's records.
    pub fn new<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        Self::of(records.into_iter().map(Member::of).collect())
    }

    /// The roster of these members.
    pub fn of(mut members: Vec<Member>) -> Self {
        members.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let numbered = || members.iter().enumerate();
        let places = numbered().map(|(place, member)| (member.lease.fence.id.clone(), place));
        let living = numbered().filter(|(_, member)| member.life != Life::None);
        let mut labelled = ByName::default();
        labelled.reserve(members.len());
        labelled.extend(living.map(|(place, member)| (member.lease.label.clone(), place)));
        let ends = (1..=members.len()).filter(|end| {
            let next = members.get(*end);
            next.is_none_or(|next| members.get(end - 1).is_none_or(|last| last.priority != next.priority))
        });
        let tiers: Vec<usize> = ends.collect();
        Self {
            places: places.collect(),
            labelled,
            seats: Seats::of(&members, ranges(&tiers)),
            tiers,
            members,
        }
    }

    /// Every member, in order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that id.
    pub fn member(&self, id: &CredentialId) -> Option<&Member> {
        self.members.get(self.place(id)?)
    }

    /// The member of that label, unless it is logged out.
    pub fn labelled(&self, label: &Label) -> Option<&Member> {
        self.members.get(*self.labelled.get(label)?)
    }

    /// The labels, in its order, of those that are not logged out.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        let living = self.members.iter().filter(|member| member.life != Life::None);
        living.map(|member| &member.lease.label)
    }

    /// Puts a member in the place of what it was before; `None` if it has none, or wants another.
    pub(super) fn put(&mut self, member: Member) -> Option<usize> {
        let place = self.place(&member.lease.fence.id)?;
        let before = self.members.get_mut(place)?;
        let stays = rank(before) == rank(&member)
            && before.lease.label == member.lease.label
            && (before.life == Life::None) == (member.life == Life::None);
        stays.then(|| {
            *before = member;
            place
        })
    }

    /// Where the member of that id stands.
    pub(super) fn place(&self, id: &CredentialId) -> Option<usize> {
        if self.members.len() <= FEW {
            return self.members.iter().position(|member| member.lease.fence.id == *id);
        }
        self.places.get(id).copied()
    }

    /// The runs of equal priority, the best first.
    pub(super) fn tiers(&self) -> impl Iterator<Item = Range<usize>> {
        ranges(&self.tiers)
    }

    /// Who ranks how for a conversation.
    pub(super) const fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Whether nobody else of this provider could serve, now or after a cooldown.
    pub fn is_sole(&self, id: &CredentialId, now: &Moment) -> bool {
        let other = |member: &Member| {
            member.lease.fence.id != *id && !matches!(secret(member, Duration::ZERO, now), Readiness::Never(_))
        };
        !self.members.iter().any(other)
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

/// What members are sorted by.
fn rank(member: &Member) -> impl Ord + '_ {
    (member.priority, member.created_at, &member.lease.fence.id)
}

/// The runs between these ends.
fn ranges(ends: &[usize]) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(&0).chain(ends);
    starts.zip(ends).map(|(start, end)| *start..*end)
}

/// Four, which most providers do not have: to look at all of them takes less than to reckon where one of them would be.
const FEW: usize = 4;
