//! Moving on: the next credential, the next provider, and making a credential fit to be sent.

use super::action::{Action, Renew, Step};
use super::guard::justifies_renewal;
use super::limits;
use super::note::Act;
use super::state::{Attempt, Doing, Hand, Trouble, Turn};
use crate::pool::{Lease, Member, Readiness, secret};
use crate::recovery::renewal::Reason;
use crate::time::Moment;
use crate::vocabulary::Verdict;

impl Attempt {
    /// Takes up the next credential of this provider, else of the next.
    pub(super) fn next(mut self, turn: &mut Turn<'_>) -> Step {
        if !self.may_go_on(turn.now) {
            return self.finish(turn);
        }
        match self.choose(turn) {
            Some(member) => {
                if self.trouble.is_some() {
                    self.noted(turn, Act::Rotate);
                }
                self.tried.push(member.lease.fence.id.clone());
                let lease = member.lease.given_to(self.plan.owner);
                self.make_fit(turn, Hand::of(lease), member, false)
            }
            None => self.fall_back(turn),
        }
    }

    /// Goes to the next provider of the route that has anyone to offer.
    pub(super) fn fall_back(mut self, turn: &mut Turn<'_>) -> Step {
        // A caller who names a credential wants that one, not a substitute; only a provider without that label is passed over.
        let pinned = |attempt: &Self| {
            let roster = attempt.pool(turn).map(|pool| &pool.roster);
            let pin = attempt.plan.pin.as_ref();
            pin.is_some_and(|label| roster.is_some_and(|roster| roster.labelled(label).is_some()))
        };
        if !self.may_go_on(turn.now) {
            return self.finish(turn);
        }
        while self.fallbacks < limits::FALLBACKS && self.leg + 1 < self.plan.route.len() && !pinned(&self) {
            self.leg += 1;
            self.fallbacks += 1;
            self.strained = 0;
            if self.choose(turn).is_some()
                && let Some(provider) = self.provider().cloned()
            {
                self.noted(turn, Act::Fallback);
                return self.step(turn, Doing::Falling, Action::FallBack(provider));
            }
        }
        self.finish(turn)
    }

    /// Sends with the credential in hand at its newest generation, after a renewal if it needs one; moves on if it cannot
    /// be used any more.
    pub(super) fn prepare(self, turn: &mut Turn<'_>, mut hand: Hand) -> Step {
        if !self.may_go_on(turn.now) {
            return self.finish(turn);
        }
        let Some(member) = turn.view.member(&hand.lease) else {
            return self.next(turn);
        };
        let ahead = hand.lease.fence.epoch == member.lease.fence.epoch
            && hand.lease.fence.generation > member.lease.fence.generation;
        let current = member.lease.given_to(self.plan.owner);
        if !ahead && hand.lease != current {
            hand.lease = current;
            hand.act = hand.act.map(|_| Act::Adopt);
        }
        self.make_fit(turn, hand, member, ahead)
    }

    /// Sends with what is in hand, which is this member's newest generation or `ahead` of it.
    fn make_fit(mut self, turn: &mut Turn<'_>, hand: Hand, member: &Member, ahead: bool) -> Step {
        match secret(member, self.plan.min_valid, turn.now) {
            Readiness::Now => self.send(turn, hand),
            // What a renewal has just told us is newer than what the view knows.
            Readiness::AfterRenewal { .. } | Readiness::NotBefore { .. } if ahead => self.send(turn, hand),
            Readiness::AfterRenewal { still_good: true } if hand.renewed => self.send(turn, hand),
            Readiness::AfterRenewal { still_good: false } if hand.renewed => self.next(turn),
            Readiness::AfterRenewal { .. } if !worth_renewing(member, turn.now) => self.send(turn, hand),
            Readiness::AfterRenewal { .. } => {
                let reason = reason(member, turn.now);
                self.trouble
                    .get_or_insert_with(|| Box::new(lapsing(&hand.lease, reason)));
                self.renew(turn, hand, reason)
            }
            Readiness::AfterReread if hand.reread => self.next(turn),
            Readiness::AfterReread => {
                self.trouble
                    .get_or_insert_with(|| Box::new(lapsing(&hand.lease, Reason::Expiring)));
                self.reread(turn, hand)
            }
            Readiness::NotBefore { .. } | Readiness::Never(_) => self.next(turn),
        }
    }

    /// Asks for the one renewal that this attempt may have for the credential.
    pub(super) fn renew(self, turn: &mut Turn<'_>, mut hand: Hand, reason: Reason) -> Step {
        hand.renewed = true;
        let renew = Renew {
            lease: hand.lease.clone(),
            reason,
        };
        self.step(turn, Doing::Renewing(hand, reason), Action::Renew(renew))
    }

    /// Asks for the owner's file to be read again.
    pub(super) fn reread(self, turn: &mut Turn<'_>, mut hand: Hand) -> Step {
        hand.reread = true;
        let lease = hand.lease.clone();
        self.step(turn, Doing::Rereading(hand), Action::Reread(lease))
    }

    /// Sends.
    pub(super) fn send(mut self, turn: &mut Turn<'_>, mut hand: Hand) -> Step {
        if let Some(act) = hand.act.take() {
            self.noted(turn, act);
        }
        self.trouble = None;
        self.tries += 1;
        self.sent = Some(turn.now.wall);
        let lease = hand.lease.clone();
        self.step(turn, Doing::Sending(hand), Action::Send(lease))
    }

    /// Waits until then.
    pub(super) fn pause(self, turn: &mut Turn<'_>, mut hand: Hand, until: Moment) -> Step {
        hand.act = Some(Act::Wait);
        self.step(turn, Doing::Pausing(hand), Action::WaitUntil(until))
    }

    /// Waits for the provider's edge, or for a newer generation.
    pub(super) fn lag(self, turn: &mut Turn<'_>, mut hand: Hand, until: Moment) -> Step {
        hand.act = Some(Act::Wait);
        let fence = hand.lease.fence.clone();
        self.step(turn, Doing::Pausing(hand), Action::AwaitGeneration { fence, until })
    }
}

/// Why the member has to be renewed.
fn reason(member: &Member, now: &Moment) -> Reason {
    if member.is_refused() && member.remaining(now).is_none_or(|left| !left.is_zero()) {
        Reason::Refused
    } else {
        Reason::Expiring
    }
}

fn worth_renewing(member: &Member, now: &Moment) -> bool {
    reason(member, now) != Reason::Refused || justifies_renewal(member, Verdict::Unauthenticated, now)
}

fn lapsing(lease: &Lease, reason: Reason) -> Trouble {
    let (verdict, signal) = match reason {
        Reason::Expiring | Reason::Wanted => (None, "expiry"),
        Reason::Refused | Reason::Denied => (Some(Verdict::Unauthenticated), "refused-before"),
    };
    Trouble {
        lease: lease.clone(),
        verdict,
        signal: signal.to_owned(),
    }
}
