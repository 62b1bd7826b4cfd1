//! A walk over every order in which things can happen to one renewal.

use std::collections::{HashSet, VecDeque};

use super::ask::{Reason, View};
use super::input::Input;
use super::machine::{Action, Renewal};
use super::renewed::{Obstacle, Renewed};
use crate::failure::{Code, Failure};
use crate::verdict::Verdict;
use crate::wire::Phase;

use super::scene_tests::*;

/// Every order of every input that can come at all: the invariants of one renewal, whatever happens.
#[test]
fn walk_of_one_renewal() {
    let stale = record(3);
    let standing = claimed_view(stale.clone(), claim(&stale, 0, Some(0)));
    let mut inputs = vec![
        Input::Viewed(view(stale.clone())),
        Input::Viewed(view(record(4))),
        Input::Viewed(View {
            refused: true,
            ..view(record(4))
        }),
        Input::Viewed(standing),
        Input::Viewed(claimed_view(stale.clone(), claim(&stale, 0, None))),
        Input::Viewed(View {
            record: None,
            fingerprint: None,
            claim: None,
            refused: false,
        }),
        Input::StoreFailed(Failure::new(Code::StoreUnwritable, "gone")),
        located(),
        Input::NotLocated(Failure::new(Code::Unreachable, "no")),
        Input::Locked,
        Input::Busy {
            holder: None,
            stopped: false,
            view: view(stale.clone()),
        },
        Input::Busy {
            holder: None,
            stopped: false,
            view: view(record(4)),
        },
        Input::Waited,
        Input::Connected,
        Input::Claimed,
        Input::NotClaimed,
        Input::GaveUp,
        Input::NotMarked(Failure::new(Code::StoreUnwritable, "gone")),
        Input::Broke {
            phase: Phase::Connect,
            detail: String::new(),
        },
        Input::Broke {
            phase: Phase::Sent,
            detail: String::new(),
        },
        Input::Granted,
        Input::Committed(record(4).fence()),
        Input::LostToLogout,
        Input::LostToLogin(record(4).fence()),
        Input::NotCommitted(String::new()),
    ];
    inputs.extend(Verdict::ALL.iter().map(|verdict| refused(*verdict)));
    inputs.push(Input::Refused {
        reading: reading(Verdict::EdgeBlocked),
        moved: true,
    });
    let (mut seen, mut steps) = (HashSet::new(), 0_u64);
    for reason in [Reason::Refused, Reason::Denied, Reason::Expiring, Reason::Wanted] {
        for now in [at(1), at(10), at(4_000)] {
            let (start, first) = Renewal::begin(ask(reason), terms(0), &at(0));
            assert_eq!(first, Action::Look);
            let mut queue = VecDeque::from([(start.unwrap(), Trail::default())]);
            while let Some((machine, trail)) = queue.pop_front() {
                for input in &inputs {
                    steps += 1;
                    let (next, action) = machine.clone().handle(input.clone(), &now, 0);
                    let trail = trail.after(input, &action);
                    assert_eq!(
                        next.is_none(),
                        matches!(action, Action::Finish(_)),
                        "an end without a Finish"
                    );
                    if let Some(next) = next
                        && seen.insert(format!("{reason:?} {:?} {next:?} {trail:?}", now.wall))
                    {
                        queue.push_back((next, trail));
                    }
                }
            }
        }
    }
    println!("{} states, {steps} steps", seen.len());
    assert!(seen.len() > 100);
}

/// What a history must have had before a token may leave.
#[derive(Clone, Debug, Default)]
struct Trail {
    locked: bool,
    read: bool,
    connected: bool,
    claimed: bool,
    sends: u32,
}

impl Trail {
    fn after(&self, input: &Input, action: &Action) -> Self {
        let mut trail = self.clone();
        match input {
            Input::Locked => trail.locked = true,
            Input::Viewed(_) => trail.read = trail.locked,
            Input::Connected => trail.connected = true,
            Input::Claimed => trail.claimed = true,
            _ => {}
        }
        match action {
            Action::Send(_) => {
                assert!(
                    trail.locked && trail.read && trail.connected && trail.claimed,
                    "a send without {trail:?}"
                );
                trail.sends += 1;
                trail.connected = false;
                trail.claimed = false;
                assert!(trail.sends <= 2, "sent more than once beside a move");
            }
            Action::Relocate(_) => assert!(matches!(input, Input::Refused { moved: true, .. })),
            Action::Commit { .. } => assert!(matches!(input, Input::Granted | Input::Waited), "a commit of nothing"),
            Action::Finish(ending) => {
                let proof = matches!(input, Input::Viewed(_)) && trail.sends > 0;
                assert!(ending.quarantine.is_none() || proof, "a death without proof");
                let unknown = matches!(
                    ending.renewed,
                    Renewed::Unusable {
                        obstacle: Obstacle::OutcomeUnknown,
                        ..
                    }
                );
                assert!(
                    !unknown || ending.release.is_none(),
                    "an unknown outcome gave its claim back"
                );
            }
            _ => {}
        }
        trail
    }
}
