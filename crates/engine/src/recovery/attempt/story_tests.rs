//! One request in a small world, told what happens line by line.

use std::time::Duration;

use super::action::{Action, Step};
use super::input::{Input, Plan};
use super::note::Act;
use super::state::Attempt;
use super::trace::{Cue, Recorded, replay};
use super::world_tests::{Sort, World, plan, reading, usable};
use crate::credential::Generation;
use crate::failure::Code;
use crate::pool::Lease;
use crate::recovery::renewal::{Obstacle, Reason};
use crate::store::Health;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

/// One request in a world, told what happens line by line.
pub(super) struct Story {
    pub(super) world: World,
    pub(super) step: Step,
    pub(super) records: Vec<Recorded>,
    pub(super) notes: Vec<Act>,
}

impl Story {
    pub(super) fn new(providers: &[(&str, &[(&str, Sort)])]) -> Self {
        let route: Vec<&str> = providers.iter().map(|(name, _)| *name).collect();
        Self::planned(World::new(providers), plan(&route, true, true))
    }

    pub(super) fn planned(world: World, plan: Plan) -> Self {
        let step = Attempt::begin(plan.clone(), &world.view, &world.now, 0);
        let mut story = Self {
            world,
            step: step.clone(),
            records: Vec::new(),
            notes: Vec::new(),
        };
        story.enter(Cue::Begin(plan), step);
        story
    }

    fn enter(&mut self, cue: Cue, step: Step) {
        self.records.push(Recorded {
            cue,
            view: self.world.view.clone(),
            now: self.world.now.clone(),
            entropy: 0,
            step: step.clone(),
        });
        self.notes.extend(step.note.as_ref().map(|note| note.act));
        self.world.take(&step);
        self.step = step;
    }

    pub(super) fn tell(&mut self, input: Input) -> &mut Self {
        let machine = self.step.next.clone().unwrap();
        let step = machine.handle(input.clone(), &self.world.view, &self.world.now, 0);
        self.enter(Cue::Input(input), step);
        self
    }

    pub(super) fn lease(&self) -> Lease {
        match &self.step.action {
            Action::Send(lease) | Action::Reread(lease) => lease.clone(),
            Action::Renew(renew) => renew.lease.clone(),
            other => panic!("{other:?} has no lease"),
        }
    }

    pub(super) fn answered(&mut self, verdict: Verdict) -> &mut Self {
        self.answered_after(verdict, None)
    }

    pub(super) fn answered_after(&mut self, verdict: Verdict, retry_after: Option<Duration>) -> &mut Self {
        let lease = self.lease();
        self.tell(Input::Answered {
            lease,
            reading: reading(verdict, retry_after),
        })
    }

    pub(super) fn failed(&mut self, phase: Phase) -> &mut Self {
        let lease = self.lease();
        self.tell(Input::Failed {
            lease,
            phase,
            timed_out: false,
        })
    }

    pub(super) fn renewed(&mut self) -> &mut Self {
        let lease = self.lease();
        let reason = match &self.step.action {
            Action::Renew(renew) => Some(renew.reason),
            _ => None,
        };
        let fence = self.world.mint(&lease, reason);
        self.tell(Input::Renewed(usable(fence, true)))
    }

    pub(super) fn obstructed(&mut self, obstacle: Obstacle) -> &mut Self {
        let lease = self.lease();
        let end = self.world.obstruct(&lease, obstacle);
        self.tell(Input::Renewed(end))
    }

    pub(super) fn waited(&mut self) -> &mut Self {
        match self.step.action.clone() {
            Action::WaitUntil(until) | Action::AwaitGeneration { until, .. } => self.world.now = until,
            other => panic!("{other:?} is no wait"),
        }
        self.tell(Input::Waited)
    }

    #[track_caller]
    pub(super) fn sends(&mut self, label: &str, generation: u64) -> &mut Self {
        let Action::Send(lease) = &self.step.action else {
            panic!("{:?} is no send", self.step.action)
        };
        assert_eq!(
            (lease.label.as_str(), lease.fence.generation),
            (label, Generation(generation))
        );
        self
    }

    #[track_caller]
    pub(super) fn renews(&mut self, reason: Reason) -> &mut Self {
        let Action::Renew(renew) = &self.step.action else {
            panic!("{:?} is no renewal", self.step.action)
        };
        assert_eq!(renew.reason, reason);
        self
    }

    /// It ended well, with these words for the header.
    #[track_caller]
    pub(super) fn good(&self, repaired: &[&str]) {
        assert_eq!(self.step.action, Action::Deliver(None));
        assert_eq!(self.step.tally.repaired, repaired);
        assert_eq!(replay(&self.records), Ok(()));
    }

    /// The provider's refusal went through, explained by this code.
    #[track_caller]
    pub(super) fn refused(&self, code: Code) {
        let Action::Deliver(Some(failure)) = &self.step.action else {
            panic!("{:?} is no refusal", self.step.action)
        };
        assert_eq!(failure.code, code);
        assert!(self.step.tally.repaired.is_empty());
        assert_eq!(replay(&self.records), Ok(()));
    }

    /// We answered for ourselves.
    #[track_caller]
    pub(super) fn fails(&self, code: Code) {
        let Action::Fail(failure) = &self.step.action else {
            panic!("{:?} is no failure", self.step.action)
        };
        assert_eq!(failure.code, code, "{failure:?}");
        assert_eq!(replay(&self.records), Ok(()));
    }

    pub(super) fn health(&self, label: &str) -> Health {
        self.world.of("p", label).standing.health.clone()
    }
}

pub(super) const ONE: &[(&str, &[(&str, Sort)])] = &[("p", &[("a", Sort::Proven)])];
pub(super) const TWO: &[(&str, &[(&str, Sort)])] = &[("p", &[("a", Sort::Proven), ("b", Sort::Proven)])];
pub(super) const FALLBACK: &[(&str, &[(&str, Sort)])] = &[("p", &[("a", Sort::Proven)]), ("q", &[("k", Sort::Key)])];
