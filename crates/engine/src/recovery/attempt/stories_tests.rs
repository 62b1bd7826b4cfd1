//! The rows of DESIGN.md section 7, each as a story with its name.

use super::action::Action;
use super::input::Input;
use super::limits;
use super::note::Act;
use super::story_tests::{FALLBACK, ONE, Story, TWO};
use super::world_tests::{Sort, World, plan, reading, secs, usable};
use crate::credential::Generation;
use crate::failure::Code;
use crate::pool::Holder;
use crate::recovery::renewal::{Obstacle, Reason};
use crate::store::Health;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

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
fn what_came_of_anothers_lease_is_no_answer_and_blames_nobody() {
    let mut story = Story::new(TWO);
    let before = story.world.of("p", "a").standing.clone();
    let mine = story.lease();
    assert_eq!(mine.owner, Holder(7));
    let lease = mine.given_to(Holder(8));
    story.tell(Input::Answered {
        lease,
        reading: reading(Verdict::OutOfCredit, None),
    });
    let Action::Fail(failure) = &story.step.action else {
        panic!("{:?}", story.step.action)
    };
    assert_eq!(failure.code, Code::Internal);
    assert_eq!((&story.step.reports[..], story.step.next.is_none()), (&[][..], true));
    assert_eq!(story.world.of("p", "a").standing, before);
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
        .good(&["refresh"]);
}

#[test]
fn a_token_refused_right_after_its_renewal_gets_one_wait_then_the_next_credential() {
    let mut story = Story::new(TWO);
    story.answered(Verdict::Unauthenticated).renewed().sends("a", 2);
    story.answered(Verdict::Unauthenticated).waited().sends("a", 2);
    story.answered(Verdict::Unauthenticated).sends("b", 1);
    story.answered(Verdict::Success).good(&["refresh", "rotate"]);
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
    assert_eq!(standing.settled, Some(Box::new(story.world.now.clone())));
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
        story.answered(Verdict::Success).good(&["fallback"]);
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
fn a_grant_that_lapses_again_and_again_is_not_said_to_be_missing() {
    let mut story = Story::new(&[("p", &[("a", Sort::Lapsed)])]);
    let lease = story.renews(Reason::Expiring).lease();
    // The flight took the generation for good enough a moment before it lapsed.
    story
        .tell(Input::Renewed(usable(lease.fence.clone(), false)))
        .fails(Code::Transient);
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
    let end = usable(story.lease().fence.clone(), false);
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
