//! The stories of a renewal.

use std::time::Duration;

use super::ask::{Ask, Asker, Reason, Terms, View};
use super::input::Input;
use super::machine::Action;
use super::renewed::{Obstacle, Renewed};
use super::rules::aging_since;
use crate::credential::Generation;
use crate::failure::{Code, Failure};
use crate::store::LastError;
use crate::store::{ClaimState, Health, Owner};
use crate::time::{BootId, Moment};
use crate::verdict::{Channel, Verdict};
use crate::wire::Phase;

use super::scene_tests::*;

#[test]
fn a_newer_generation_is_adopted_and_nothing_is_sent() {
    let end = ending(tell(
        ask(Reason::Refused),
        terms(0),
        vec![(0, Input::Viewed(view(record(4))))],
    ));
    assert_eq!(
        end.renewed,
        Renewed::Usable {
            fence: record(4).fence(),
            minted: false,
            saved: true
        }
    );
}

#[test]
fn a_newer_generation_that_was_refused_itself_is_not_adopted() {
    let refused = View {
        refused: true,
        ..view(record(4))
    };
    let (_, action) = tell(ask(Reason::Refused), terms(0), vec![(0, Input::Viewed(refused))]);
    assert_eq!(action, Action::Locate);
}

#[test]
fn the_token_is_read_under_the_lock() {
    let newest = record(4);
    let stale = View {
        refused: true,
        ..view(newest.clone())
    };
    let inputs = vec![
        (0, Input::Viewed(view(record(3)))),
        (0, located()),
        (0, Input::Locked),
        (0, Input::Viewed(stale)),
        (0, Input::Connected),
    ];
    let (_, action) = tell(ask(Reason::Refused), terms(0), inputs);
    assert_eq!(action, Action::Claim(fingerprint(&newest).unwrap()));
}

#[test]
fn an_answer_that_never_came_keeps_the_claim() {
    for input in [
        Input::Broke {
            phase: Phase::Sent,
            detail: "reset".to_owned(),
        },
        refused(Verdict::OutcomeUnknown),
        refused(Verdict::ServerError),
        refused(Verdict::Timeout),
        Input::StoreFailed(Failure::new(Code::StoreUnwritable, "gone")),
    ] {
        let end = ending(sent_and(input));
        assert_eq!((end.release, &end.quarantine), (None, &None));
        let (_, standing) = end.standing.unwrap();
        assert!(matches!(standing.health, Health::OutcomeUnknown { .. }));
        assert!(matches!(
            end.renewed,
            Renewed::Unusable {
                obstacle: Obstacle::OutcomeUnknown,
                ..
            }
        ));
    }
}

#[test]
fn a_token_that_was_not_taken_gives_the_claim_back() {
    let not_sent = Input::Broke {
        phase: Phase::Connect,
        detail: "refused".to_owned(),
    };
    for input in [
        not_sent,
        Input::GaveUp,
        Input::NotMarked(Failure::new(Code::StoreUnwritable, "gone")),
        refused(Verdict::Transient),
        refused(Verdict::EdgeBlocked),
        refused(Verdict::ClientRejected),
        refused(Verdict::RequestRejected),
        refused(Verdict::NotEntitled),
    ] {
        let end = ending(sent_and(input));
        assert_eq!(end.release, fingerprint(&record(3)));
        assert_eq!(end.quarantine, None);
    }
}

#[test]
fn a_send_that_could_not_be_marked_blames_the_store() {
    let end = ending(sent_and(Input::NotMarked(Failure::new(Code::StoreLocked, "busy"))));
    let Renewed::Unusable { failure, .. } = end.renewed else {
        panic!("usable")
    };
    assert_eq!(failure.code, Code::StoreLocked);
    assert_eq!(end.standing, None, "the provider has not rejected anything");
}

#[test]
fn codes_of_refusals() {
    for (verdict, code) in [
        (Verdict::Transient, Code::Transient),
        (Verdict::EdgeBlocked, Code::EdgeBlocked),
        (Verdict::ClientRejected, Code::ClientRejected),
        (Verdict::RequestRejected, Code::RequestRejected),
        (Verdict::NotEntitled, Code::NotEntitled),
        (Verdict::OutcomeUnknown, Code::OutcomeUnknown),
    ] {
        let Renewed::Unusable { failure, .. } = ending(sent_and(refused(verdict))).renewed else {
            panic!("usable")
        };
        assert_eq!(failure.code, code);
    }
}

#[test]
fn death_is_confirmed_under_the_lock_and_quarantined() {
    let mut inputs = to_the_send(view(record(3)));
    inputs.push((1, refused(Verdict::GrantDead)));
    inputs.push((1, Input::Viewed(view(record(3)))));
    let end = ending(tell(ask(Reason::Refused), terms(0), inputs));
    assert_eq!(end.quarantine.unwrap().fingerprint, fingerprint(&record(3)).unwrap());
    assert_eq!(end.release, None);
}

#[test]
fn a_death_that_a_sibling_caused_by_rotating_is_none() {
    let mut inputs = to_the_send(view(record(3)));
    inputs.push((1, refused(Verdict::GrantDead)));
    inputs.push((1, Input::Viewed(view(record(4)))));
    let end = ending(tell(ask(Reason::Refused), terms(0), inputs));
    assert_eq!(end.quarantine, None);
    assert_eq!(
        end.renewed,
        Renewed::Usable {
            fence: record(4).fence(),
            minted: false,
            saved: true
        }
    );
}

#[track_caller]
fn with_claim(reason: Reason, grace: u64, claim_sent: Option<u64>, now: u64) -> Action {
    let standing = claimed_view(record(3), claim(&record(3), 0, claim_sent));
    let inputs = vec![
        (now, Input::Viewed(standing.clone())),
        (now, located()),
        (now, Input::Locked),
        (now, Input::Viewed(standing)),
    ];
    tell(ask(reason), terms(grace), inputs).1
}

#[test]
fn an_unknown_outcome_is_not_replayed_while_the_token_serves() {
    let Action::Finish(end) = with_claim(Reason::Wanted, 0, Some(0), 100) else {
        panic!("it went on")
    };
    assert!(matches!(
        end.renewed,
        Renewed::Unusable {
            obstacle: Obstacle::OutcomeUnknown,
            ..
        }
    ));
    assert_eq!(end.release, None);
}

#[test]
fn an_unknown_outcome_is_replayed_once_the_token_is_refused_or_expired() {
    assert_eq!(with_claim(Reason::Refused, 0, Some(0), 100), Action::Connect);
    assert_eq!(with_claim(Reason::Expiring, 0, Some(0), 3_601), Action::Connect);
}

#[test]
fn a_replay_keeps_its_distance_from_the_last_send() {
    assert!(
        matches!(with_claim(Reason::Refused, 0, Some(0), 1), Action::Pause(pause) if pause >= Duration::from_secs(1))
    );
}

#[test]
fn a_replay_waits_until_nobody_can_send_on_the_claim_any_more() {
    assert_eq!(
        with_claim(Reason::Refused, 0, Some(0), 3),
        Action::Pause(Duration::from_secs(2))
    );
    assert_eq!(with_claim(Reason::Refused, 0, Some(0), 5), Action::Connect);
}

#[test]
fn a_fresh_claim_is_not_taken_over_by_one_who_has_waited_long() {
    let standing = claimed_view(record(3), claim(&record(3), 30, None));
    let inputs = vec![
        (0, Input::Viewed(view(record(3)))),
        (0, located()),
        (0, Input::Locked),
        (30, Input::Viewed(standing)),
    ];
    let (_, action) = tell(ask(Reason::Wanted), terms(0), inputs);
    assert_eq!(action, Action::Pause(Duration::from_secs(5)));
}

#[test]
fn a_reuse_grace_allows_one_replay_at_once() {
    assert_eq!(with_claim(Reason::Wanted, 30, Some(0), 1), Action::Connect);
    let mut spent = claim(&record(3), 0, Some(0));
    spent.sends = 2;
    let standing = claimed_view(record(3), spent);
    let inputs = vec![
        (1, Input::Viewed(standing.clone())),
        (1, located()),
        (1, Input::Locked),
        (1, Input::Viewed(standing)),
    ];
    assert!(matches!(
        tell(ask(Reason::Wanted), terms(30), inputs).1,
        Action::Finish(_)
    ));
}

#[test]
fn a_pair_that_a_replay_brings_inside_the_grace_is_as_old_as_the_send_before() {
    let (sent, unsent) = (claim(&record(3), 0, Some(10)), claim(&record(3), 0, None));
    let (grace, none) = (Duration::from_secs(30), Duration::ZERO);
    assert_eq!(aging_since(Some(&sent), grace, at(39)), at(10));
    assert_eq!(aging_since(Some(&sent), grace, at(40)), at(40));
    assert_eq!(aging_since(Some(&sent), none, at(11)), at(11));
    assert_eq!(aging_since(Some(&unsent), grace, at(11)), at(11));
    assert_eq!(aging_since(None, grace, at(11)), at(11));
}

#[test]
fn a_claim_that_was_never_sent_is_taken_over_when_it_is_too_old_to_be() {
    assert_eq!(
        with_claim(Reason::Wanted, 0, None, 1),
        Action::Pause(Duration::from_secs(4))
    );
    assert_eq!(with_claim(Reason::Wanted, 0, None, 5), Action::Connect);
}

#[test]
fn a_changed_row_sends_nothing() {
    for terms in [
        Terms {
            client_id: "other".to_owned(),
            ..terms(0)
        },
        Terms {
            issuer: Some("https://other.example.com".to_owned()),
            ..terms(0)
        },
    ] {
        let end = ending(tell(
            ask(Reason::Refused),
            terms,
            vec![(0, Input::Viewed(view(record(3))))],
        ));
        assert!(matches!(
            end.renewed,
            Renewed::Unusable {
                failure: Failure {
                    code: Code::RowChanged,
                    ..
                },
                ..
            }
        ));
    }
    let moved = Input::Located("elsewhere.example.com".to_owned());
    let inputs = vec![
        (0, Input::Viewed(view(record(3)))),
        (0, moved),
        (0, Input::Locked),
        (0, Input::Viewed(view(record(3)))),
    ];
    let end = ending(tell(ask(Reason::Refused), terms(0), inputs));
    assert!(matches!(
        end.renewed,
        Renewed::Unusable {
            failure: Failure {
                code: Code::RowChanged,
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_lock_that_never_comes_is_a_typed_transient() {
    let busy = || Input::Busy {
        holder: Some(Owner {
            pid: 42,
            host: "host".to_owned(),
            since: at(0).wall,
        }),
        stopped: true,
        view: view(record(3)),
    };
    let begun = vec![(0, Input::Viewed(view(record(3)))), (0, located()), (23, busy())];
    assert!(matches!(
        tell(ask(Reason::Refused), terms(0), begun.clone()).1,
        Action::Pause(_)
    ));
    let mut inputs = begun;
    inputs.extend([(23, Input::Waited), (24, busy())]);
    let ended = ending(tell(ask(Reason::Refused), terms(0), inputs)).renewed;
    let Renewed::Unusable { failure, obstacle, .. } = ended else {
        panic!("usable")
    };
    let later = Obstacle::Later { after: None };
    assert_eq!((failure.code, obstacle), (Code::LockHeld, later));
    assert!(failure.message.contains("42") && failure.message.contains("stopped"));
}

#[test]
fn a_token_that_cannot_be_saved_is_served_and_saved_later() {
    let mut inputs = to_the_send(view(record(3)));
    inputs.extend([(1, Input::Granted), (1, Input::NotCommitted("full".to_owned()))]);
    assert!(matches!(
        tell(ask(Reason::Refused), terms(0), inputs.clone()).1,
        Action::PublishUnsaved(_)
    ));
    inputs.push((2, Input::Waited));
    assert!(matches!(
        tell(ask(Reason::Refused), terms(0), inputs.clone()).1,
        Action::Commit { .. }
    ));
    inputs.push((2, Input::Committed(record(4).fence())));
    let end = ending(tell(ask(Reason::Refused), terms(0), inputs));
    assert_eq!(
        end.renewed,
        Renewed::Usable {
            fence: record(4).fence(),
            minted: true,
            saved: true
        }
    );
}

#[test]
fn a_logout_that_wins_has_what_was_received_revoked() {
    let mut inputs = to_the_send(view(record(3)));
    inputs.extend([(1, Input::Granted), (1, Input::LostToLogout)]);
    assert!(ending(tell(ask(Reason::Refused), terms(0), inputs)).revoke);
}

#[test]
fn a_moved_endpoint_is_learnt_anew_once() {
    let moved = || Input::Refused {
        reading: reading(Verdict::EdgeBlocked),
        moved: true,
    };
    let mut inputs = to_the_send(view(record(3)));
    inputs.push((1, moved()));
    assert_eq!(
        tell(ask(Reason::Refused), terms(0), inputs.clone()).1,
        Action::Relocate(fingerprint(&record(3)).unwrap())
    );
    inputs.extend([
        (1, located()),
        (1, Input::Viewed(view(record(3)))),
        (1, Input::Connected),
        (1, Input::Claimed),
        (1, moved()),
    ]);
    let end = ending(tell(ask(Reason::Refused), terms(0), inputs));
    assert!(matches!(
        end.renewed,
        Renewed::Unusable {
            failure: Failure {
                code: Code::EdgeBlocked,
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_person_is_owed_one_try_after_a_rejection() {
    let by = |asker, code| {
        let mut held = record(3);
        held.standing.renew_not_before = Some(at(200).wall);
        let said = reading(Verdict::RequestRejected);
        held.standing.last_error = Some(Box::new(LastError::of(
            &said,
            Channel::Token,
            code,
            at(0).wall,
            Generation(3),
        )));
        let ask = Ask {
            asker,
            ..ask(Reason::Wanted)
        };
        tell(ask, terms(0), vec![(0, Input::Viewed(view(held)))]).1
    };
    assert_eq!(by(Asker::Command, Code::RequestRejected), Action::Locate);
    assert!(
        matches!(by(Asker::Command, Code::Transient), Action::Finish(_)),
        "the provider asked to wait"
    );
    assert!(matches!(by(Asker::Request, Code::RequestRejected), Action::Finish(_)));
    assert!(matches!(by(Asker::Keeper, Code::RequestRejected), Action::Finish(_)));
}

#[test]
fn a_hold_of_a_clock_that_was_set_back_holds_nobody() {
    let mut held = record(3);
    held.standing.renew_not_before = Some(at(24 * 3_600).wall);
    let (_, action) = tell(
        ask(Reason::Refused),
        terms(0),
        vec![(0, Input::Viewed(view(held.clone())))],
    );
    assert_eq!(action, Action::Locate);
    held.standing.renew_not_before = Some(at(3_600).wall);
    let end = ending(tell(
        ask(Reason::Refused),
        terms(0),
        vec![(0, Input::Viewed(view(held)))],
    ));
    assert!(matches!(
        end.renewed,
        Renewed::Unusable {
            obstacle: Obstacle::Later { .. },
            ..
        }
    ));
}

#[test]
fn a_send_before_a_restart_by_a_clock_that_was_set_back_is_replayed_once_nothing_is_left_to_lose() {
    let stale = record(3);
    let mut sent = claim(&stale, 0, Some(0));
    let before = Moment {
        boot_id: BootId::from("earlier"),
        ..at(24 * 3_600)
    };
    sent.claimed = before.clone();
    sent.sent = Some(before);
    let read_again = |reason| {
        let view = claimed_view(stale.clone(), sent.clone());
        let mut inputs = to_the_send(view);
        inputs.truncate(4);
        // A grace of a minute: by these clocks it cannot be told whether it is over.
        tell(ask(reason), terms(60), inputs)
    };
    assert_eq!(read_again(Reason::Refused).1, Action::Connect);
    assert!(matches!(
        ending(read_again(Reason::Wanted)).renewed,
        Renewed::Unusable {
            obstacle: Obstacle::OutcomeUnknown,
            ..
        }
    ));
}

#[test]
fn a_token_that_was_spent_before_is_never_sent_again() {
    let old = record(3);
    let mut spent = claim(&old, 0, Some(0));
    spent.state = ClaimState::Spent;
    let end = ending(tell(
        ask(Reason::Refused),
        terms(60),
        vec![(9, Input::Viewed(claimed_view(old, spent)))],
    ));
    let Renewed::Unusable { obstacle, failure, .. } = end.renewed else {
        panic!("{end:?}")
    };
    assert_eq!((obstacle, failure.code), (Obstacle::NotRenewable, Code::NeedsLogin));
}
