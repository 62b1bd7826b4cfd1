//! Trouble that is no credential's fault: capacity, faults, lost answers, the network and what stands before the API.

use std::time::Duration;

use super::action::Step;
use super::failing::{broken, unreached};
use super::limits;
use super::state::{Attempt, Hand, Missed, Trouble, Turn};
use crate::pool::Lease;
use crate::time::Moment;
use crate::verdict::Reading;
use crate::wire::Phase;

impl Attempt {
    /// The provider could not serve it now; `acted` says that it may have acted on the request all the same.
    pub(super) fn strained(mut self, turn: &mut Turn<'_>, hand: Hand, reading: &Reading, acted: bool) -> Step {
        self.trouble = Some(Box::new(Trouble::of(&hand.lease, reading)));
        self.hold(turn, &hand.lease, reading, reading.verdict);
        self.again(turn, hand, reading.retry_after, acted)
    }

    /// Something before the API answered: a second look, and no other provider.
    pub(super) fn walled(mut self, turn: &mut Turn<'_>, hand: Hand, reading: &Reading) -> Step {
        self.trouble = Some(Box::new(Trouble::of(&hand.lease, reading)));
        self.hold(turn, &hand.lease, reading, reading.verdict);
        self.strained += 1;
        if self.strained >= limits::EDGE_TRIES {
            return self.finish(turn);
        }
        match self.backoff(turn, reading.retry_after) {
            Some(until) => self.pause(turn, hand, until),
            None => self.finish(turn),
        }
    }

    /// There was no answer.
    pub(super) fn lost(mut self, turn: &mut Turn<'_>, hand: Hand, phase: Phase, timed_out: bool) -> Step {
        self.trouble = Some(Box::new(nothing(&hand.lease, phase, timed_out)));
        if phase == Phase::Sent {
            // An older refusal would tell the client to try again, and the provider may have acted on this try.
            self.held = None;
        }
        self.missed = Some(Box::new(Missed {
            id: hand.lease.fence.id.clone(),
            failure: unreached(&hand.lease, phase, timed_out),
        }));
        self.again(turn, hand, None, phase == Phase::Sent)
    }

    /// A stream was cut before anything of it went to the client, who is better served by an error than by a stump.
    pub(super) fn cut(mut self, turn: &mut Turn<'_>, hand: Hand) -> Step {
        self.trouble = Some(Box::new(nothing(&hand.lease, Phase::Sent, false)));
        self.held = None;
        self.missed = Some(Box::new(Missed {
            id: hand.lease.fence.id.clone(),
            failure: broken(&hand.lease),
        }));
        self.again(turn, hand, None, true)
    }

    fn again(mut self, turn: &mut Turn<'_>, hand: Hand, asked: Option<Duration>, acted: bool) -> Step {
        if acted && !self.plan.replay.ambiguous {
            return self.finish(turn);
        }
        self.strained += 1;
        if self.strained >= limits::STRAINED_TRIES {
            return self.fall_back(turn);
        }
        match self.backoff(turn, asked) {
            Some(until) => self.pause(turn, hand, until),
            None => self.fall_back(turn),
        }
    }

    /// When to try again, if that is within tries, time and what the provider asks for.
    fn backoff(&self, turn: &Turn<'_>, asked: Option<Duration>) -> Option<Moment> {
        let until = turn.now.plus(limits::backoff(self.strained, asked, turn.entropy)?);
        (self.may_go_on(turn.now) && self.has_time_until(&until)).then_some(until)
    }
}

fn nothing(lease: &Lease, phase: Phase, timed_out: bool) -> Trouble {
    let signal = match (phase, timed_out) {
        (Phase::Connect, false) => "no-connection",
        (Phase::Connect, true) => "no-connection-in-time",
        (Phase::Sent, false) => "no-answer",
        (Phase::Sent, true) => "no-answer-in-time",
    };
    Trouble {
        lease: lease.clone(),
        verdict: None,
        signal: signal.to_owned(),
    }
}
