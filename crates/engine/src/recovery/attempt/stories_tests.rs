//! The rows of DESIGN.md section 7 and the budgets, each as a story with its name.

use std::time::Duration;

use super::action::{Action, Step};
use super::input::{Input, Plan};
use super::limits;
use super::note::Act;
use super::state::Attempt;
use super::trace::{Cue, Recorded, replay};
use super::world_tests::{Sort, World, plan, quarantined, reading, secs, usable};
use crate::credential::Generation;
use crate::failure::Code;
use crate::pool::{Lease, Outcome};
use crate::recovery::renewal::{Obstacle, Reason};
use crate::store::Health;
use crate::time::Timestamp;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

/// One request in a world, told what happens line by line.
struct Story {
    world: World,
    step: Step,
    records: Vec<Recorded>,
    notes: Vec<Act>,
}

impl Story {
    fn new(providers: &[(&str, &[(&str, Sort)])]) -> Self {
        let route: Vec<&str> = providers.iter().map(|(name, _)| *name).collect();
        Self::planned(World::new(providers), plan(&route, true, true))
    }

    fn planned(world: World, plan: Plan) -> Self {
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

    fn tell(&mut self, input: Input) -> &mut Self {
        let machine = self.step.next.clone().unwrap();
        let step = machine.handle(input.clone(), &self.world.view, &self.world.now, 0);
        self.enter(Cue::Input(input), step);
        self
    }

    fn lease(&self) -> Lease {
        match &self.step.action {
            Action::Send(lease) | Action::Reread(lease) => lease.clone(),
            Action::Renew(renew) => renew.lease.clone(),
            other => panic!("{other:?} has no lease"),
        }
    }

    fn answered(&mut self, verdict: Verdict) -> &mut Self {
        self.answered_after(verdict, None)
    }

    fn answered_after(&mut self, verdict: Verdict, retry_after: Option<Duration>) -> &mut Self {
        let lease = self.lease();
        self.tell(Input::Answered {
            lease,
            reading: reading(verdict, retry_after),
        })
    }

    fn failed(&mut self, phase: Phase) -> &mut Self {
        let lease = self.lease();
        self.tell(Input::Failed {
            lease,
            phase,
            timed_out: false,
        })
    }

    fn renewed(&mut self) -> &mut Self {
        let lease = self.lease();
        let reason = match &self.step.action {
            Action::Renew(renew) => Some(renew.reason),
            _ => None,
        };
        let fence = self.world.mint(&lease, reason);
        self.tell(Input::Renewed(usable(fence, true)))
    }

    fn obstructed(&mut self, obstacle: Obstacle) -> &mut Self {
        let lease = self.lease();
        let end = self.world.obstruct(&lease, obstacle);
        self.tell(Input::Renewed(end))
    }

    fn waited(&mut self) -> &mut Self {
        match self.step.action.clone() {
            Action::WaitUntil(until) | Action::AwaitGeneration { until, .. } => self.world.now = until,
            other => panic!("{other:?} is no wait"),
        }
        self.tell(Input::Waited)
    }

    #[track_caller]
    fn sends(&mut self, label: &str, generation: u64) -> &mut Self {
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
    fn renews(&mut self, reason: Reason) -> &mut Self {
        let Action::Renew(renew) = &self.step.action else {
            panic!("{:?} is no renewal", self.step.action)
        };
        assert_eq!(renew.reason, reason);
        self
    }

    /// It ended well, with these words for the header.
    #[track_caller]
    fn good(&self, repaired: &[&str]) {
        assert_eq!(self.step.action, Action::Deliver(None));
        assert_eq!(self.step.tally.repaired, repaired);
        assert_eq!(replay(&self.records), Ok(()));
    }

    /// The provider's refusal went through, explained by this code.
    #[track_caller]
    fn refused(&self, code: Code) {
        let Action::Deliver(Some(failure)) = &self.step.action else {
            panic!("{:?} is no refusal", self.step.action)
        };
        assert_eq!(failure.code, code);
        assert!(self.step.tally.repaired.is_empty());
        assert_eq!(replay(&self.records), Ok(()));
    }

    /// We answered for ourselves.
    #[track_caller]
    fn fails(&self, code: Code) {
        let Action::Fail(failure) = &self.step.action else {
            panic!("{:?} is no failure", self.step.action)
        };
        assert_eq!(failure.code, code, "{failure:?}");
        assert_eq!(replay(&self.records), Ok(()));
    }

    fn health(&self, label: &str) -> Health {
        self.world.of("p", label).standing.health
    }
}

const ONE: &[(&str, &[(&str, Sort)])] = &[("p", &[("a", Sort::Proven)])];
const TWO: &[(&str, &[(&str, Sort)])] = &[("p", &[("a", Sort::Proven), ("b", Sort::Proven)])];
const FALLBACK: &[(&str, &[(&str, Sort)])] = &[("p", &[("a", Sort::Proven)]), ("q", &[("k", Sort::Key)])];

#[test]
fn a_stale_token_is_renewed_once() {
    let mut story = Story::new(ONE);
    story
        .sends("a", 1)
        .answered(Verdict::Unauthenticated)
        .renews(Reason::Refused);
    story
        .renewed()
        .sends("a", 2)
        .answered(Verdict::Success)
        .good(&["refresh"]);
    assert_eq!(story.step.tally.tries, 2);
    assert_eq!(story.notes, [Act::Refresh]);
    assert_eq!(story.health("a"), Health::Ready);
    assert_eq!(story.world.of("p", "a").standing.accepted, Some(Generation(2)));
}

#[test]
fn a_newer_generation_is_adopted_without_a_renewal() {
    let mut story = Story::new(ONE);
    let lease = story.lease();
    story.world.mint(&lease, None);
    story.tell(Input::Answered {
        lease,
        reading: reading(Verdict::Unauthenticated, None),
    });
    story.sends("a", 2).answered(Verdict::Success).good(&["refresh"]);
    assert_eq!(story.notes, [Act::Adopt]);
}

#[test]
fn a_fresh_token_refused_once_is_sent_again_after_a_wait() {
    for sort in [Sort::Newborn, Sort::Unproven] {
        let mut story = Story::new(&[("p", &[("a", sort)])]);
        story.answered(Verdict::Unauthenticated);
        let Action::AwaitGeneration { until, .. } = story.step.action.clone() else {
            panic!("{:?}", story.step.action)
        };
        assert_eq!(until.since(&story.world.now), limits::LAG_AT_LEAST);
        story.waited().sends("a", 1).answered(Verdict::Success).good(&["wait"]);
        assert_eq!(story.health("a"), Health::Ready);
        assert_eq!(story.world.of("p", "a").standing.refused, None);
    }
}

#[test]
fn a_fresh_token_refused_twice_is_renewed() {
    let mut story = Story::new(&[("p", &[("a", Sort::Newborn)])]);
    story.answered(Verdict::Unauthenticated).waited().sends("a", 1);
    story.answered(Verdict::Unauthenticated).renews(Reason::Refused);
    story
        .renewed()
        .sends("a", 2)
        .answered(Verdict::Success)
        .good(&["wait", "refresh"]);
}

#[test]
fn a_token_refused_right_after_its_renewal_gets_one_wait_then_the_next_credential() {
    let mut story = Story::new(TWO);
    story.answered(Verdict::Unauthenticated).renewed().sends("a", 2);
    story.answered(Verdict::Unauthenticated).waited().sends("a", 2);
    story.answered(Verdict::Unauthenticated).sends("b", 1);
    story.answered(Verdict::Success).good(&["refresh", "wait", "rotate"]);
    assert!(matches!(
        story.health("a"),
        Health::Cooling {
            why: Verdict::Unauthenticated,
            ..
        }
    ));
    assert_eq!(story.health("b"), Health::Ready);
}

#[test]
fn a_token_that_stays_refused_fails_as_transient() {
    let mut story = Story::new(ONE);
    story
        .answered(Verdict::Unauthenticated)
        .renewed()
        .answered(Verdict::Unauthenticated)
        .waited();
    story.answered(Verdict::Unauthenticated).refused(Code::TokenRefused);
    assert_eq!(story.step.tally.tries, 3);
    assert_eq!(story.notes, [Act::Refresh, Act::Wait, Act::Deliver]);
}

#[test]
fn an_unproven_renewal_justifies_no_further_one_for_a_quarter_of_an_hour() {
    let mut story = Story::new(&[("p", &[("a", Sort::Guarded)])]);
    story.answered(Verdict::Unauthenticated).refused(Code::TokenRefused);
    let mut world = World::new(&[("p", &[("a", Sort::Guarded)])]);
    world.pass(secs(601));
    let mut story = Story::planned(world, plan(&["p"], true, true));
    story.answered(Verdict::Unauthenticated).renews(Reason::Refused);
}

#[test]
fn a_bare_denial_is_settled_by_one_renewal() {
    let mut story = Story::new(ONE);
    story.answered(Verdict::UnknownDenial).renews(Reason::Denied);
    story.renewed().answered(Verdict::UnknownDenial).waited();
    story.answered(Verdict::UnknownDenial).refused(Code::NotEntitled);
    let standing = story.world.of("p", "a").standing;
    assert_eq!(standing.settled, Some(story.world.now.wall));
    assert!(matches!(
        standing.health,
        Health::NotEntitled {
            generation: Generation(2),
            ..
        }
    ));
    assert_eq!(standing.refused, None);

    // For another hour nothing is renewed for it, even if the token is accepted elsewhere; then once more.
    let mut world = story.world.clone();
    world.change(&story.world.of("p", "a").lease, |member| {
        member.standing.accepted = Some(Generation(2));
        member.standing.health = Health::Ready;
    });
    world.pass(secs(3_000));
    let mut again = Story::planned(world.clone(), plan(&["p"], true, true));
    again.answered(Verdict::UnknownDenial).refused(Code::NotEntitled);
    world.pass(secs(601));
    let mut later = Story::planned(world, plan(&["p"], true, true));
    later.answered(Verdict::UnknownDenial).renews(Reason::Denied);
}

#[test]
fn what_a_renewal_cannot_mend_is_never_renewed() {
    for (verdict, code) in [
        (Verdict::NotEntitled, Code::NotEntitled),
        (Verdict::InsufficientScope, Code::InsufficientScope),
        (Verdict::AccountDisabled, Code::AccountDisabled),
        (Verdict::OutOfCredit, Code::OutOfCredit),
        (Verdict::UsageLimited, Code::UsageLimited),
    ] {
        let mut story = Story::new(ONE);
        story.answered(verdict).refused(code);
        assert_eq!(story.step.tally.tries, 1);
        assert_eq!(story.notes, [Act::Deliver]);
        let mut story = Story::new(TWO);
        story
            .answered(verdict)
            .sends("b", 1)
            .answered(Verdict::Success)
            .good(&["rotate"]);
        assert_eq!(story.health("b"), Health::Ready);
        let mut story = Story::new(FALLBACK);
        story.answered(verdict);
        assert_eq!(story.step.action, Action::FallBack("q".into()));
        story
            .tell(Input::FellBack)
            .sends("k", 1)
            .answered(Verdict::Success)
            .good(&["fallback"]);
    }
}

#[test]
fn the_sole_credential_waits_for_a_short_retry_after() {
    let mut story = Story::new(ONE);
    let began = story.world.now.clone();
    story.answered_after(Verdict::RateLimited, Some(secs(5)));
    assert_eq!(story.step.action, Action::WaitUntil(began.plus(secs(5))));
    story.waited().sends("a", 1).answered(Verdict::Success).good(&["wait"]);
    assert_eq!(story.health("a"), Health::Ready);

    let mut story = Story::new(ONE);
    story
        .answered_after(Verdict::RateLimited, Some(secs(6)))
        .refused(Code::RateLimited);
    let Action::Deliver(Some(failure)) = &story.step.action else {
        panic!()
    };
    assert_eq!(failure.retry_after, Some(secs(6)));

    let mut story = Story::new(TWO);
    story.answered_after(Verdict::RateLimited, Some(secs(5))).sends("b", 1);
}

#[test]
fn strain_backs_off_on_the_same_credential_then_falls_back_without_a_penalty() {
    for verdict in [
        Verdict::UpstreamLimited,
        Verdict::Overloaded,
        Verdict::ServerError,
        Verdict::Timeout,
    ] {
        let mut story = Story::new(FALLBACK);
        for _ in 1..limits::STRAINED_TRIES {
            story.sends("a", 1).answered(verdict).waited();
        }
        story.answered(verdict).tell(Input::FellBack).sends("k", 1);
        story.answered(Verdict::Success).good(&["wait", "fallback"]);
        assert_eq!(story.health("a"), Health::Ready);
        assert_eq!(story.world.of("p", "a").standing.last_error, None);
    }
}

#[test]
fn an_ambiguous_request_is_sent_again_only_if_that_is_safe() {
    let careful = || Story::planned(World::new(FALLBACK), plan(&["p", "q"], true, false));
    careful().answered(Verdict::ServerError).refused(Code::ServerError);
    careful().answered(Verdict::Timeout).refused(Code::Timeout);
    careful().failed(Phase::Sent).fails(Code::Unreachable);
    let mut story = careful();
    story.failed(Phase::Connect).waited().sends("a", 1);
    careful().answered(Verdict::Overloaded).waited().sends("a", 1);
    let nothing = || Story::planned(World::new(TWO), plan(&["p"], false, false));
    nothing().answered(Verdict::NotEntitled).refused(Code::NotEntitled);
    nothing().answered(Verdict::Unauthenticated).refused(Code::TokenRefused);
}

#[test]
fn an_edge_gets_a_second_look_and_no_other_provider() {
    let mut story = Story::new(FALLBACK);
    story.answered(Verdict::EdgeBlocked).waited().sends("a", 1);
    story.answered(Verdict::EdgeBlocked).refused(Code::EdgeBlocked);
    assert_eq!(story.health("a"), Health::Ready);
}

#[test]
fn the_requests_own_fault_goes_through_as_it_is() {
    for verdict in [
        Verdict::InvalidRequest,
        Verdict::ContextTooLong,
        Verdict::ModelUnavailable,
        Verdict::NotFound,
    ] {
        let mut story = Story::new(FALLBACK);
        story.answered(verdict).good(&[]);
        assert!(story.notes.is_empty());
    }
}

#[test]
fn an_expired_grant_is_renewed_before_it_is_sent() {
    let mut story = Story::new(&[("p", &[("a", Sort::Lapsed)])]);
    story
        .renews(Reason::Expiring)
        .renewed()
        .sends("a", 2)
        .answered(Verdict::Success)
        .good(&["refresh"]);
    assert_eq!(story.step.tally.tries, 1);
}

#[test]
fn a_grant_near_its_end_serves_if_the_renewal_fails() {
    let mut story = Story::new(&[("p", &[("a", Sort::Lapsing)])]);
    story
        .renews(Reason::Expiring)
        .obstructed(Obstacle::Later { after: None })
        .sends("a", 1);
    story.answered(Verdict::Success).good(&[]);
}

#[test]
fn an_expired_grant_that_cannot_be_renewed_gives_way_then_fails_with_the_reason() {
    for (obstacle, code) in [
        (Obstacle::Later { after: Some(secs(90)) }, Code::Transient),
        (Obstacle::OutcomeUnknown, Code::OutcomeUnknown),
        (Obstacle::Dead, Code::GrantDead),
        (Obstacle::Rejected, Code::ClientRejected),
        (Obstacle::Store, Code::StoreUnwritable),
    ] {
        Story::new(&[("p", &[("a", Sort::Lapsed)])])
            .obstructed(obstacle)
            .fails(code);
        let mut story = Story::new(&[("p", &[("a", Sort::Lapsed), ("b", Sort::Key)])]);
        story
            .obstructed(obstacle)
            .sends("b", 1)
            .answered(Verdict::Success)
            .good(&["rotate"]);
    }
}

#[test]
fn the_innocent_ones_keep_their_good_name() {
    let mut story = Story::new(&[("p", &[("a", Sort::Proven), ("b", Sort::Proven), ("c", Sort::Key)])]);
    story
        .answered(Verdict::Unauthenticated)
        .obstructed(Obstacle::Dead)
        .sends("b", 1);
    story.answered(Verdict::Success).good(&["rotate"]);
    assert!(matches!(story.health("a"), Health::Quarantined { .. }));
    assert_eq!((story.health("b"), story.health("c")), (Health::Ready, Health::Ready));
    assert_eq!(story.world.of("p", "c").standing.last_error, None);
}

#[test]
fn a_quarantined_grant_serves_until_it_is_refused() {
    let mut story = Story::new(&[("p", &[("a", Sort::Quarantined)])]);
    story
        .sends("a", 1)
        .answered(Verdict::Unauthenticated)
        .refused(Code::GrantDead);
    assert!(matches!(story.health("a"), Health::Quarantined { .. }));
    Story::planned(story.world.clone(), plan(&["p"], true, true)).fails(Code::GrantDead);
}

#[test]
fn a_refused_key_rotates_and_is_to_be_replaced() {
    let mut story = Story::new(&[("p", &[("k", Sort::Key)])]);
    story.answered(Verdict::Unauthenticated).refused(Code::Unauthenticated);
    assert!(matches!(story.health("k"), Health::Cooling { .. }));
    let mut story = Story::new(&[("p", &[("b", Sort::Borrowed)])]);
    story.answered(Verdict::Unauthenticated);
    assert!(matches!(story.step.action, Action::Reread(_)));
    story
        .renewed()
        .sends("b", 2)
        .answered(Verdict::Success)
        .good(&["refresh"]);
    let mut story = Story::new(&[("p", &[("b", Sort::Borrowed)])]);
    let end = usable(story.lease().fence, false);
    story
        .answered(Verdict::Unauthenticated)
        .tell(Input::Renewed(end))
        .refused(Code::Unauthenticated);
}

#[test]
fn an_old_generation_earns_no_penalty() {
    let mut story = Story::new(TWO);
    let lease = story.lease();
    story.world.mint(&lease, None);
    story.tell(Input::Answered {
        lease,
        reading: reading(Verdict::NotEntitled, None),
    });
    assert!(story.step.reports.is_empty());
    assert_eq!(story.health("a"), Health::Ready);
}

#[test]
fn an_error_inside_a_stream_is_repaired_only_before_a_byte_went_out() {
    let broke = |released, lease| Input::StreamBroke {
        lease,
        reading: Some(reading(Verdict::Unauthenticated, None)),
        released,
    };
    let mut story = Story::new(ONE);
    let lease = story.lease();
    story.tell(broke(false, lease)).renews(Reason::Refused);
    story.renewed().answered(Verdict::Success).good(&["refresh"]);

    let mut story = Story::new(ONE);
    let lease = story.lease();
    story.answered(Verdict::Success).tell(broke(true, lease));
    assert_eq!(
        (story.step.action.clone(), story.step.next.is_none()),
        (Action::Close, true)
    );
    assert_eq!(story.step.reports[0].outcome, Outcome::Doubted);

    let mut story = Story::new(ONE);
    let lease = story.lease();
    story.tell(broke(true, lease));
    assert_eq!(
        (story.step.action.clone(), story.step.next.is_none()),
        (Action::Deliver(None), true)
    );
}

#[test]
fn a_cancelled_caller_ends_the_attempt_and_blames_nobody() {
    let mut story = Story::new(ONE);
    story
        .answered(Verdict::Unauthenticated)
        .renews(Reason::Refused)
        .tell(Input::Cancelled);
    assert_eq!(story.step.action, Action::Close);
    assert!(story.step.next.is_none() && story.step.reports.is_empty());
}

#[test]
fn a_pin_takes_no_substitute() {
    let pinned = |label: &str| Plan {
        pin: Some(label.into()),
        ..plan(&["p", "q"], true, true)
    };
    let mut story = Story::planned(World::new(TWO), pinned("b"));
    story
        .sends("b", 1)
        .answered(Verdict::NotEntitled)
        .refused(Code::NotEntitled);
    let mut story = Story::planned(World::new(FALLBACK), pinned("k"));
    assert_eq!(story.step.action, Action::FallBack("q".into()));
    story.tell(Input::FellBack).sends("k", 1);
    Story::planned(World::new(FALLBACK), pinned("nobody")).fails(Code::NoCredential);
}

#[test]
fn nothing_to_send_is_one_answer_with_the_easiest_reason() {
    Story::new(&[("p", &[])]).fails(Code::NoCredential);
    let story = Story::new(&[("p", &[("a", Sort::Cooling), ("b", Sort::Disabled)])]);
    story.fails(Code::RateLimited);
    let Action::Fail(failure) = &story.step.action else {
        panic!()
    };
    assert_eq!(failure.retry_after, Some(secs(50)));
    assert!(failure.detail.as_ref().unwrap().contains("p/b: "));
    let mut world = World::new(ONE);
    let lease = world.of("p", "a").lease;
    world.change(&lease, |member| {
        member.standing.health = quarantined(Timestamp::from_secs(0));
        member.standing.refused = Some(Generation(1));
    });
    Story::planned(world, plan(&["p"], true, true)).fails(Code::GrantDead);
}

#[test]
fn budgets_hold() {
    let many: Vec<(String, Sort)> = (0..9).map(|n| (format!("c{n}"), Sort::Key)).collect();
    let many: Vec<(&str, Sort)> = many.iter().map(|(label, sort)| (label.as_str(), *sort)).collect();
    let mut story = Story::new(&[("p", &many)]);
    let mut tries = 1;
    while matches!(story.step.action, Action::Send(_)) {
        tries = story.answered(Verdict::OutOfCredit).step.tally.tries;
    }
    assert_eq!(tries as usize, limits::CREDENTIALS);

    let route: Vec<(&str, &[(&str, Sort)])> = vec![
        ("p", &[("a", Sort::Key)]),
        ("q", &[("b", Sort::Key)]),
        ("r", &[("c", Sort::Key)]),
        ("s", &[("d", Sort::Key)]),
    ];
    let mut story = Story::new(&route);
    loop {
        match &story.step.action {
            Action::Send(_) => story.answered(Verdict::Overloaded),
            Action::WaitUntil(_) => story.waited(),
            Action::FallBack(_) => story.tell(Input::FellBack),
            _ => break,
        };
    }
    story.refused(Code::Overloaded);
    assert_eq!(story.step.tally.tries, limits::TRIES);
    assert!(story.world.of("s", "d").standing.last_error.is_none());

    let mut story = Story::new(ONE);
    story.failed(Phase::Connect);
    story.world.pass(limits::TOTAL);
    story.tell(Input::Waited).fails(Code::Unreachable);
}

#[test]
fn a_record_that_was_tampered_with_diverges() {
    let mut story = Story::new(ONE);
    story
        .answered(Verdict::Unauthenticated)
        .renewed()
        .answered(Verdict::Success)
        .good(&["refresh"]);
    story.records[1].step.action = Action::Close;
    assert_eq!(replay(&story.records).unwrap_err().at, 1);
}
