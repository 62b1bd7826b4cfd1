//! Who of a roster can be used, kept from choice to choice, so that none of them walks over all members.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Duration;

use super::fewest::Fewest;
use super::marks::Marks;
use super::probing::{Prospect, outlook};
use super::roster::Roster;
use super::traffic::Traffic;
use crate::time::{Moment, Timestamp};

/// What follows from a roster, what was sent, and the time.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Who could be used when last looked at. Whoever is chosen is looked at again.
    pub(super) ready: Marks,
    /// Who cools down and is due for a probe.
    pub(super) due: Marks,
    /// What was sent with each who is ready.
    pub(super) fewest: Fewest,
    /// Whose turn was last.
    pub(super) latest: Option<usize>,
    /// Who has to be looked at when.
    changes: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// When everyone who may have changed was looked at last, by the wall clock.
    looked: Timestamp,
    /// Nobody has been looked at yet.
    is_new: bool,
}

impl Index {
    /// The index of a roster that nobody has been looked at.
    pub(super) fn of(roster: &Roster, traffic: &Traffic) -> Self {
        let length = roster.members().len();
        Self {
            ready: Marks::new(length),
            due: Marks::new(length),
            fewest: Fewest::new(length),
            latest: traffic.latest().and_then(|id| roster.place(id)),
            changes: BinaryHeap::with_capacity(length),
            looked: Timestamp::default(),
            is_new: true,
        }
    }

    /// Whether somebody has to be looked at.
    pub(super) fn is_behind(&self, now: &Moment) -> bool {
        !self.calm().contains(&now.wall)
    }

    /// At which times nobody has to be looked at.
    pub(super) fn calm(&self) -> Range<Timestamp> {
        if self.is_new {
            return Range::default();
        }
        let next = self.changes.peek();
        self.believed()..next.map_or(Timestamp::LAST, |Reverse((at, _))| *at)
    }

    /// From when on a time is no sign that the wall clock was set back. Those who ask at once may have read it in another
    /// order.
    fn believed(&self) -> Timestamp {
        self.looked.minus(OUT_OF_ORDER)
    }

    /// Whether the wall clock was set back, so that what was to change by it has to be found anew.
    fn was_set_back(&self, now: &Moment) -> bool {
        now.wall < self.believed()
    }

    /// Looks at everyone who may have changed by itself.
    pub(super) fn advance(&mut self, roster: &Roster, traffic: &Traffic, now: &Moment) {
        let was_set_back = self.was_set_back(now);
        self.looked = now.wall;
        // Whoever is looked at changes later, so that this ends.
        while let Some(Reverse((at, place))) = self.changes.peek().copied() {
            if at > now.wall {
                break;
            }
            self.changes.pop();
            self.look(place, roster, traffic, now);
        }
        // The agenda may have been full meanwhile.
        if std::mem::take(&mut self.is_new) || was_set_back {
            self.changes.clear();
            (0..roster.members().len()).for_each(|place| self.look(place, roster, traffic, now));
        }
    }

    /// The index as it is at that time.
    pub(super) fn at(&self, roster: &Roster, traffic: &Traffic, now: &Moment) -> Cow<'_, Self> {
        if !self.is_behind(now) {
            return Cow::Borrowed(self);
        }
        let mut index = self.clone();
        index.advance(roster, traffic, now);
        Cow::Owned(index)
    }

    /// Somebody has changed, or was sent.
    pub(super) fn look(&mut self, place: usize, roster: &Roster, traffic: &Traffic, now: &Moment) {
        let Some(member) = roster.members().get(place) else {
            return;
        };
        let last = || traffic.last(&member.lease.fence.id);
        let outlook = outlook(member, last, Duration::ZERO, now);
        let is_ready = outlook.standing == Prospect::Ready;
        self.ready.set(place, is_ready);
        self.due.set(place, outlook.standing == Prospect::Due);
        let sent = is_ready.then(|| traffic.count(&member.lease.fence.id));
        self.fewest.set(place, sent);
        if self.changes.len() > AGENDA * roster.members().len() {
            // Most of it is about what has changed again since.
            self.changes.clear();
            self.is_new = true;
        }
        if let Some(at) = outlook.changes_at {
            let later = now.wall.plus(Duration::from_millis(1));
            self.changes.push(Reverse((at.max(later), place)));
        }
    }

    /// Somebody was sent; `count` is how often by now.
    pub(super) fn sent(&mut self, place: usize, count: u64, roster: &Roster, traffic: &Traffic, now: &Moment) {
        self.latest = Some(place);
        if self.due.has(place) {
            self.look(place, roster, traffic, now);
        } else if self.ready.has(place) {
            self.fewest.set(place, Some(count));
        }
    }
}

/// Four entries for each member: one is right, the others are left from before its record changed.
const AGENDA: usize = 4;

/// 1 s: nobody goes by a time that was read longer ago, but a process that was stopped; then all members are looked at anew.
const OUT_OF_ORDER: Duration = Duration::from_secs(1);
