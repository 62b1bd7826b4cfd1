//! Where an attempt ends: streams, cancelled callers, pins, budgets, and records that are played again.

use super::action::Action;
use super::input::{Input, Plan};
use super::limits;
use super::story_tests::{FALLBACK, ONE, Story, TWO};
use super::trace::replay;
use super::world_tests::{Sort, World, plan, quarantined, reading, secs};
use crate::credential::Generation;
use crate::failure::Code;
use crate::pool::Outcome;
use crate::recovery::renewal::Reason;
use crate::time::Timestamp;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

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
    assert!(matches!(story.step.reports[0].outcome, Outcome::Doubted(_)));

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
