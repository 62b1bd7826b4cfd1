//! Refusals that only another credential, another provider or time can mend: plan, policy, money and limits.

use super::action::Step;
use super::limits;
use super::state::{Attempt, Hand, Trouble, Turn};
use crate::verdict::Reading;

impl Attempt {
    /// Plan, policy, money or an allowance: the credential rests, another one is used.
    pub(super) fn barred(mut self, turn: &mut Turn<'_>, hand: &Hand, reading: &Reading) -> Step {
        self.trouble = Some(Box::new(Trouble::of(&hand.lease, reading)));
        self.hold(turn, &hand.lease, reading, reading.verdict);
        turn.penalised(&hand.lease, reading, reading.verdict, false);
        self.next(turn)
    }

    /// A short-term limit: another credential if one is ready, else a short wait if the provider asks for no more.
    pub(super) fn throttled(mut self, turn: &mut Turn<'_>, mut hand: Hand, reading: &Reading) -> Step {
        self.trouble = Some(Box::new(Trouble::of(&hand.lease, reading)));
        self.hold(turn, &hand.lease, reading, reading.verdict);
        turn.penalised(&hand.lease, reading, reading.verdict, false);
        let until = reading
            .retry_after
            .filter(|after| *after <= limits::SOLE_WAITS_AT_MOST && !hand.waited)
            .map(|after| turn.now.plus(after));
        match until {
            Some(until)
                if self.may_go_on(turn.now) && self.choose_ready(turn).is_none() && self.has_time_until(&until) =>
            {
                hand.waited = true;
                self.pause(turn, hand, until)
            }
            Some(_) | None => self.next(turn),
        }
    }
}
