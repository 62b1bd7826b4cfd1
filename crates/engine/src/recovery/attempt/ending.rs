//! How a request ends, and how each step is put together.

use std::sync::Arc;

use super::action::{Action, Step, Tally};
use super::failing::{nothing_usable, refused};
use super::note::{Act, Note};
use super::state::{Attempt, Doing, Trouble, Turn};
use crate::failure::{Code, Failure};
use crate::pool::{Lease, Member, Outcome, Refusal, Report, changes};
use crate::protection::{Protection, stands};
use crate::verdict::Reading;
use crate::vocabulary::Verdict;

impl Attempt {
    /// The step that waits for `doing`.
    pub(super) fn step(mut self, turn: &mut Turn<'_>, doing: Doing, action: Action) -> Step {
        let tally = Tally {
            tries: self.tries,
            repaired: self.repaired.clone(),
        };
        self.doing = doing;
        Step {
            next: Some(self),
            action,
            reports: std::mem::take(&mut turn.reports),
            note: turn.note.take(),
            tally,
        }
    }

    /// The last step.
    pub(super) fn end(mut self, turn: &mut Turn<'_>, action: Action) -> Step {
        match action {
            Action::Deliver(Some(_)) | Action::Fail(_) => self.repaired.clear(),
            Action::Deliver(None)
            | Action::Send(_)
            | Action::Renew(_)
            | Action::Reread(_)
            | Action::WaitUntil(_)
            | Action::AwaitGeneration { .. }
            | Action::FallBack(_)
            | Action::Close => {}
        }
        let step = self.step(turn, Doing::Choosing, action);
        Step { next: None, ..step }
    }

    /// Nothing more can be done: the newest refusal goes through as it is, or we answer ourselves.
    pub(super) fn finish(mut self, turn: &mut Turn<'_>) -> Step {
        if let Some(failure) = self.held.take() {
            self.noted(turn, Act::Deliver);
            return self.end(turn, Action::Deliver(Some(failure)));
        }
        self.noted(turn, Act::Fail);
        let missed = self.missed.take().map(|missed| *missed);
        let failure = nothing_usable(&self.plan, turn.view, missed, turn.now);
        self.end(turn, Action::Fail(Box::new(failure)))
    }

    /// The answer goes to the client as it is, and no failure explains it.
    pub(super) fn deliver(self, turn: &mut Turn<'_>) -> Step {
        self.step(turn, Doing::Listening, Action::Deliver(None))
    }

    /// What happened cannot have happened here.
    pub(super) fn misled(mut self, turn: &mut Turn<'_>, doing: &Doing) -> Step {
        self.noted(turn, Act::Fail);
        let failure = Failure::new(Code::Internal, "the recovery of a request lost its way")
            .with_remedy(crate::remedy::Remedy::Report)
            .with_detail(format!("while {}", doing.as_str()));
        self.end(turn, Action::Fail(Box::new(failure)))
    }

    /// Tells the log what was done about the refusal at hand, and counts it as a repair if it is one.
    pub(super) fn noted(&mut self, turn: &mut Turn<'_>, act: Act) {
        if let Some(word) = act.repair() {
            // Who waited in vain is repaired by what comes after.
            self.repaired.retain(|earlier| Some(*earlier) != Act::Wait.repair());
            if !self.repaired.contains(&word) {
                self.repaired.push(word);
            }
        }
        if let Some(trouble) = self.trouble.take() {
            let Trouble { lease, verdict, signal } = *trouble;
            turn.note = Some(Box::new(Note {
                generation: lease.fence.generation,
                provider: lease.provider.clone(),
                label: lease.label.clone(),
                verdict,
                signal,
                act,
            }));
        }
    }

    /// Keeps what explains a refusal, for the case that it goes through to the client.
    pub(super) fn hold(&mut self, turn: &Turn<'_>, lease: &Lease, reading: &Reading, verdict: Verdict) {
        self.held = Some(Box::new(refused(
            verdict,
            lease,
            turn.view,
            reading.retry_after,
            turn.now,
        )));
    }
}

impl Turn<'_> {
    /// Reports that the credential was accepted, if that is news.
    pub(super) fn accepted(&mut self, lease: &Lease) {
        let pool = self.view.pool(&lease.provider);
        let member = pool.and_then(|pool| pool.roster.member(&lease.fence.id));
        let by_model = pool.is_some_and(|pool| pool.cooldowns.has_limits_by_model());
        let model = self.model.as_deref().filter(|_| by_model);
        let news = |member: &Member| changes(&member.standing, lease.fence.generation, model);
        if member.is_none_or(news) {
            self.report(lease, Outcome::Accepted);
        }
    }

    /// Reports a refusal that stands, read as `verdict`.
    pub(super) fn penalised(&mut self, lease: &Lease, reading: &Reading, verdict: Verdict, settles: bool) {
        let refusal = self.read_as(lease, reading, verdict, settles);
        self.report(lease, Outcome::Refused(refusal));
    }

    /// Reports a token that was not accepted, and that nothing mends on the way.
    pub(super) fn doubted(&mut self, lease: &Lease, reading: &Reading) {
        let refusal = self.read_as(lease, reading, reading.verdict, false);
        self.report(lease, Outcome::Doubted(Some(refusal)));
    }

    fn read_as(&self, lease: &Lease, reading: &Reading, verdict: Verdict, settles: bool) -> Refusal {
        let failure = refused(verdict, lease, self.view, reading.retry_after, self.now);
        Refusal {
            verdict,
            code: failure.code,
            signal: reading.signal.clone(),
            fragment: reading.fragment.clone(),
            retry_after: reading.retry_after,
            settles,
        }
    }

    /// Reports an outcome, unless the credential has moved on from the generation that earned it.
    pub(super) fn report(&mut self, lease: &Lease, outcome: Outcome) {
        let moved_on = |member: &Member| {
            let (current, earned) = (&member.lease.fence, &lease.fence);
            current.generation > earned.generation || current.epoch > earned.epoch
        };
        if self.view.member(lease).is_some_and(moved_on) {
            return;
        }
        let pool = self.view.pool(&lease.provider);
        let sole = pool.is_some_and(|pool| pool.roster.is_sole(&lease.fence.id, self.now));
        let cooldowns = pool.map(|pool| &pool.cooldowns);
        let (rule, model) = match (&outcome, cooldowns) {
            (Outcome::Refused(refusal), Some(cooldowns)) => {
                let model = self.model.clone().filter(|_| cooldowns.is_by_model(refusal.verdict));
                (cooldowns.rule(refusal.verdict), model)
            }
            (Outcome::Accepted, _) => (None, self.model_of(lease)),
            (Outcome::Doubted(_), _) | (_, None) => (None, None),
        };
        self.reports.push(Report {
            lease: self.to_blame(lease),
            outcome,
            sole,
            sent: self.sent,
            rule,
            model,
        });
    }

    /// The model of the request, where that lease's provider limits model by model.
    fn model_of(&self, lease: &Lease) -> Option<Arc<str>> {
        let pool = self.view.pool(&lease.provider)?;
        self.model.clone().filter(|_| pool.cooldowns.has_limits_by_model())
    }

    /// Who has earned what came of that lease: its own credential, and nobody who may be in use by now.
    fn to_blame(&self, lease: &Lease) -> Lease {
        if stands(Protection::RightBlame) {
            return lease.clone();
        }
        let members = self.view.pool(&lease.provider).map(|pool| pool.roster.members());
        let other = |member: &&Member| member.lease.fence.id != lease.fence.id;
        let current = members.and_then(|members| members.iter().find(other));
        current.map_or_else(|| lease.clone(), |member| member.lease.clone())
    }
}

impl Doing {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Choosing => "choosing",
            Self::Sending(_) => "sending",
            Self::Renewing(..) => "renewing",
            Self::Rereading(_) => "rereading",
            Self::Pausing(_) => "pausing",
            Self::Falling => "falling back",
            Self::Listening => "listening",
        }
    }
}
