//! Refusals that a renewal can mend, or may: `unauthenticated` and `unknown-denial`.

use super::action::Step;
use super::guard::{justifies_renewal, may_lag};
use super::limits;
use super::note::Act;
use super::state::{Attempt, Hand, Missed, Trouble, Turn};
use crate::credential::Kind;
use crate::failure::Failure;
use crate::pool::{Member, Outcome, Readiness, Renewability, renewability, secret};
use crate::recovery::renewal::{Obstacle, Reason, Renewed};
use crate::verdict::Reading;
use crate::vocabulary::Verdict;

impl Attempt {
    /// The credential in hand was not accepted.
    pub(super) fn denied(mut self, turn: &mut Turn<'_>, hand: Hand, reading: &Reading) -> Step {
        self.trouble = Some(Box::new(Trouble::of(&hand.lease, reading)));
        self.hold(turn, &hand.lease, reading, reading.verdict);
        match hand.lease.kind {
            Kind::Grant => self.grant_denied(turn, hand, reading),
            Kind::Borrowed => {
                let read_again = hand.reread || !self.may_go_on(turn.now);
                if reading.verdict == Verdict::Unauthenticated {
                    // No cooldown: its owner's file is read again before it is used again.
                    turn.doubted(&hand.lease, reading);
                } else if read_again {
                    turn.penalised(&hand.lease, reading, reading.verdict, false);
                }
                if read_again {
                    return self.next(turn);
                }
                self.reread(turn, hand)
            }
            Kind::ApiKey => {
                turn.penalised(&hand.lease, reading, reading.verdict, false);
                self.next(turn)
            }
        }
    }

    fn grant_denied(self, turn: &mut Turn<'_>, mut hand: Hand, reading: &Reading) -> Step {
        let Some(member) = turn.view.member(&hand.lease) else {
            return self.next(turn);
        };
        let may_go_on = self.may_go_on(turn.now);
        if may_go_on && self.has_newer(member, &hand, turn) {
            hand.act = Some(Act::Adopt);
            return self.prepare(turn, hand);
        }
        let until = turn.now.plus(limits::lag(turn.entropy));
        if may_go_on && self.has_time_until(&until) {
            if hand.renewed && !hand.lagged_anew {
                hand.lagged_anew = true;
                return self.lag(turn, hand, until);
            }
            if !hand.renewed && !hand.lagged && may_lag(member, turn.now) {
                hand.lagged = true;
                return self.lag(turn, hand, until);
            }
        }
        let can_renew = may_go_on && renewability(member, turn.now) == Renewability::Now;
        if can_renew && !hand.renewed && justifies_renewal(member, reading.verdict, turn.now) {
            if reading.verdict == Verdict::UnknownDenial {
                return self.renew(turn, hand, Reason::Denied);
            }
            turn.report(&hand.lease, Outcome::Doubted(None));
            return self.renew(turn, hand, Reason::Refused);
        }
        self.given_up(turn, &hand, reading)
    }

    /// Nothing mends this credential within this request.
    fn given_up(mut self, turn: &mut Turn<'_>, hand: &Hand, reading: &Reading) -> Step {
        if reading.verdict == Verdict::UnknownDenial {
            // What a renewal did not change, or must not be asked for again, is a matter of plan or policy.
            self.hold(turn, &hand.lease, reading, Verdict::NotEntitled);
            turn.penalised(&hand.lease, reading, Verdict::NotEntitled, hand.renewed);
            return self.next(turn);
        }
        let guarded = |member: &Member| !justifies_renewal(member, reading.verdict, turn.now);
        if hand.renewed || turn.view.member(&hand.lease).is_some_and(guarded) {
            turn.penalised(&hand.lease, reading, reading.verdict, false);
        } else {
            // What cannot be renewed needs no cooldown: once refused it is used no more. What could not be renewed just
            // now is renewed before it is sent again.
            turn.doubted(&hand.lease, reading);
        }
        self.next(turn)
    }

    /// The renewal has ended.
    pub(super) fn renewed(self, turn: &mut Turn<'_>, mut hand: Hand, reason: Reason, renewed: Renewed) -> Step {
        match renewed {
            Renewed::Usable { fence, minted, .. } if fence.generation > hand.lease.fence.generation => {
                hand.act = Some(if minted { Act::Refresh } else { Act::Adopt });
                hand.lease = hand.lease.at(&fence);
                self.prepare(turn, hand)
            }
            // Whoever offers the generation that would not do has nothing new to offer.
            Renewed::Usable { .. } => self.unrenewed(turn, hand, reason, None),
            Renewed::Unusable { obstacle, failure, .. } => {
                let failure = timed(failure, obstacle);
                self.unrenewed(turn, hand, reason, Some(failure))
            }
        }
    }

    fn unrenewed(mut self, turn: &mut Turn<'_>, mut hand: Hand, reason: Reason, failure: Option<Failure>) -> Step {
        if let Some(failure) = failure {
            self.blame(&hand, failure);
        }
        let newer = turn.view.member(&hand.lease);
        let newer = newer.is_some_and(|member| self.has_newer(member, &hand, turn));
        match reason {
            // The old token still serves for as long as it lasts.
            Reason::Expiring | Reason::Wanted => self.prepare(turn, hand),
            Reason::Refused | Reason::Denied if newer => {
                hand.act = Some(Act::Adopt);
                self.prepare(turn, hand)
            }
            Reason::Refused | Reason::Denied => self.next(turn),
        }
    }

    /// The owner's file has been read again.
    pub(super) fn read_again(mut self, turn: &mut Turn<'_>, mut hand: Hand, renewed: Renewed) -> Step {
        match renewed {
            Renewed::Usable { fence, .. } if fence.generation > hand.lease.fence.generation => {
                hand.act = Some(Act::Reread);
                hand.lease = hand.lease.at(&fence);
                return self.prepare(turn, hand);
            }
            Renewed::Usable { .. } => {}
            Renewed::Unusable { obstacle, failure, .. } => self.blame(&hand, timed(failure, obstacle)),
        }
        self.next(turn)
    }

    /// Why there is no newer generation explains the refusal at hand, if there is one, better than its own words.
    fn blame(&mut self, hand: &Hand, failure: Failure) {
        let id = &hand.lease.fence.id;
        let refused_here = |trouble: &Trouble| trouble.lease.fence.id == *id;
        if self.held.is_some() && self.trouble.as_deref().is_some_and(refused_here) && self.tries > 0 {
            self.held = Some(Box::new(failure));
        } else {
            self.missed = Some(Box::new(Missed {
                id: id.clone(),
                failure,
            }));
        }
    }

    /// Whether a newer generation than the one in hand can be used as it is.
    fn has_newer(&self, member: &Member, hand: &Hand, turn: &Turn<'_>) -> bool {
        let (known, used) = (&member.lease.fence, &hand.lease.fence);
        let newer = known.epoch > used.epoch || known.generation > used.generation;
        newer && secret(member, self.plan.min_valid, turn.now) == Readiness::Now
    }
}

fn timed(failure: Failure, obstacle: Obstacle) -> Failure {
    match (obstacle, failure.retry_after) {
        (Obstacle::Later { after: Some(after) }, None) => failure.with_retry_after(after),
        (Obstacle::Later { .. }, _)
        | (
            Obstacle::Dead
            | Obstacle::LoggedOut
            | Obstacle::NotRenewable
            | Obstacle::NotEntitled
            | Obstacle::Rejected
            | Obstacle::OutcomeUnknown
            | Obstacle::Store,
            _,
        ) => failure,
    }
}
