//! The recovery machine of a request: what to do about each thing that happens to it (DESIGN.md section 7).

use super::action::{Action, Step};
use super::course::{Course, course};
use super::input::{Input, Plan};
use super::state::{Attempt, Doing, Hand, Turn};
use crate::pool::{Lease, View};
use crate::time::Moment;
use crate::verdict::Reading;
use crate::vocabulary::Verdict;

impl Attempt {
    /// Begins: the first step of a request.
    pub fn begin(plan: Plan, view: &View, now: &Moment, entropy: u64) -> Step {
        Self::begin_by(course, plan, view, now, entropy)
    }

    /// Goes on: the step that follows from what happened.
    pub fn handle(self, input: Input, view: &View, now: &Moment, entropy: u64) -> Step {
        self.handle_by(course, input, view, now, entropy)
    }

    /// Begins under another table of courses; only tests have one.
    pub(super) fn begin_by(course: fn(Verdict) -> Course, plan: Plan, view: &View, now: &Moment, entropy: u64) -> Step {
        let attempt = Self::new(plan, now);
        let mut turn = Turn::new(course, &attempt, view, now, entropy);
        attempt.next(&mut turn)
    }

    /// Goes on under another table of courses; only tests have one.
    pub(super) fn handle_by(
        mut self,
        course: fn(Verdict) -> Course,
        input: Input,
        view: &View,
        now: &Moment,
        entropy: u64,
    ) -> Step {
        let mut turn = Turn::new(course, &self, view, now, entropy);
        let turn = &mut turn;
        if input.owner().is_some_and(|owner| owner != self.plan.owner) {
            // What came of another request's lease says nothing of this one's, and nobody is blamed for it here.
            let doing = std::mem::replace(&mut self.doing, Doing::Choosing);
            return self.misled(turn, &doing);
        }
        match (std::mem::replace(&mut self.doing, Doing::Choosing), input) {
            (Doing::Listening, Input::StreamBroke { lease, reading, .. }) => {
                turn.blamed(&lease, reading.as_ref());
                self.end(turn, Action::Close)
            }
            (
                Doing::Listening,
                Input::Answered { .. }
                | Input::Failed { .. }
                | Input::Renewed(_)
                | Input::Waited
                | Input::FellBack
                | Input::Cancelled,
            )
            | (
                Doing::Choosing
                | Doing::Sending(_)
                | Doing::Renewing(..)
                | Doing::Rereading(_)
                | Doing::Pausing(_)
                | Doing::Falling,
                Input::Cancelled,
            ) => self.end(turn, Action::Close),
            (Doing::Sending(hand), Input::Answered { lease, reading }) => self.read(turn, hand.under(lease), &reading),
            (
                Doing::Sending(hand),
                Input::Failed {
                    lease,
                    phase,
                    timed_out,
                },
            ) => self.lost(turn, hand.under(lease), phase, timed_out),
            (
                Doing::Sending(_),
                Input::StreamBroke {
                    lease,
                    reading,
                    released: true,
                },
            ) => {
                turn.blamed(&lease, reading.as_ref());
                self.trouble = None;
                let step = self.deliver(turn);
                Step { next: None, ..step }
            }
            (Doing::Sending(hand), Input::StreamBroke { lease, reading, .. }) => match reading {
                Some(reading) => self.read(turn, hand.under(lease), &reading),
                None => self.cut(turn, hand.under(lease)),
            },
            (Doing::Renewing(hand, reason), Input::Renewed(renewed)) => self.renewed(turn, hand, reason, renewed),
            (Doing::Rereading(hand), Input::Renewed(renewed)) => self.read_again(turn, hand, renewed),
            (Doing::Pausing(hand), Input::Waited) => self.prepare(turn, hand),
            (Doing::Falling, Input::FellBack) => self.next(turn),
            (
                doing @ (Doing::Choosing
                | Doing::Sending(_)
                | Doing::Renewing(..)
                | Doing::Rereading(_)
                | Doing::Pausing(_)
                | Doing::Falling),
                Input::Answered { .. }
                | Input::Failed { .. }
                | Input::Renewed(_)
                | Input::Waited
                | Input::FellBack
                | Input::StreamBroke { .. },
            ) => self.misled(turn, &doing),
        }
    }

    fn read(self, turn: &mut Turn<'_>, hand: Hand, reading: &Reading) -> Step {
        match (turn.course)(reading.verdict) {
            Course::Good => {
                turn.accepted(&hand.lease);
                self.deliver(turn)
            }
            Course::AsItIs => self.deliver(turn),
            Course::Renew | Course::Settle => self.denied(turn, hand, reading),
            Course::Rotate => self.barred(turn, &hand, reading),
            Course::RotateOrWait => self.throttled(turn, hand, reading),
            Course::Again => self.strained(turn, hand, reading, false),
            Course::AgainIfReplayable => self.strained(turn, hand, reading, true),
            Course::AgainOnce => self.walled(turn, hand, reading),
        }
    }
}

impl Hand {
    /// The same credential, blamed at the generation that the answer names.
    fn under(mut self, lease: Lease) -> Self {
        if lease.fence.id == self.lease.fence.id {
            self.lease = lease;
        }
        self
    }
}

impl<'a> Turn<'a> {
    fn new(course: fn(Verdict) -> Course, attempt: &Attempt, view: &'a View, now: &'a Moment, entropy: u64) -> Self {
        Self {
            view,
            now,
            entropy,
            course,
            model: attempt.plan.model.clone(),
            sent: attempt.sent,
            reports: Vec::new(),
            note: None,
        }
    }

    /// Reports what an event inside a stream says of the credential, when it is too late to repair anything.
    fn blamed(&mut self, lease: &Lease, reading: Option<&Reading>) {
        let Some(reading) = reading else { return };
        match (self.course)(reading.verdict) {
            Course::Renew if reading.verdict == Verdict::Unauthenticated => self.doubted(lease, reading),
            Course::Rotate | Course::RotateOrWait => self.penalised(lease, reading, reading.verdict, false),
            Course::Good
            | Course::AsItIs
            | Course::Renew
            | Course::Settle
            | Course::Again
            | Course::AgainIfReplayable
            | Course::AgainOnce => {}
        }
    }
}
