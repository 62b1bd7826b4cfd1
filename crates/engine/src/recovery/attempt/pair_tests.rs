//! Walks two requests at once that meet one stale token and wait for one renewal, in every order.

use std::collections::HashSet;

use super::action::{Action, Step};
use super::input::Input;
use super::state::{Attempt, Doing};
use super::world_tests::{Sort, World, plan, reading, usable};
use crate::credential::Generation;
use crate::pool::Lease;
use crate::recovery::renewal::{Obstacle, Reason, Renewed};
use crate::vocabulary::Verdict;

/// Two requests, the world they share, and the flight that both may wait for.
#[derive(Clone)]
struct Pair {
    world: World,
    sides: [Side; 2],
    flight: Option<(Lease, Reason)>,
    /// How many renewals reached the provider.
    spends: u32,
    /// The end of the last flight.
    end: Option<Renewed>,
}

#[derive(Clone)]
struct Side {
    machine: Option<Attempt>,
    action: Action,
    answered: bool,
}

/// How the provider behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Provider {
    /// It accepts every generation but the first.
    Honest,
    /// It refuses what it has just minted once per request, too.
    Lagging,
    /// It refuses every generation.
    Stubborn,
}

struct Walk {
    provider: Provider,
    /// How the flight ends, if not well.
    obstacle: Option<Obstacle>,
    seen: HashSet<String>,
    ends: Vec<(u32, [bool; 2])>,
}

impl Walk {
    fn go(&mut self, pair: &Pair) {
        let state = format!(
            "{:?}{:?}{:?}",
            pair.sides[0].action, pair.sides[1].action, pair.world.now
        );
        let machines = format!("{:?}{:?}", pair.sides[0].machine, pair.sides[1].machine);
        if !self.seen.insert(state + &machines) {
            return;
        }
        let mut idle = true;
        for side in 0..2 {
            for after in self.moves(pair, side) {
                idle = false;
                self.go(&after);
            }
        }
        if pair.flight.is_some() {
            idle = false;
            self.go(&self.land(pair));
        }
        if idle {
            self.ends
                .push((pair.spends, [pair.sides[0].answered, pair.sides[1].answered]));
        }
    }

    /// The flight ends for all who wait for it.
    fn land(&self, pair: &Pair) -> Pair {
        let mut pair = pair.clone();
        let (lease, reason) = pair.flight.take().unwrap();
        let end = match self.obstacle {
            Some(obstacle) => pair.world.obstruct(&lease, obstacle),
            None => usable(pair.world.mint(&lease, Some(reason)), true),
        };
        pair.spends += 1;
        for side in 0..2 {
            if matches!(pair.sides[side].action, Action::Renew(_)) {
                tell(&mut pair, side, Input::Renewed(end.clone()));
            }
        }
        pair.end = Some(end);
        pair
    }

    fn moves(&self, pair: &Pair, side: usize) -> Vec<Pair> {
        let mut after = pair.clone();
        let Some(machine) = &pair.sides[side].machine else {
            return Vec::new();
        };
        match &pair.sides[side].action {
            Action::Send(lease) => {
                let input = Input::Answered {
                    lease: lease.clone(),
                    reading: reading(self.verdict(lease, machine), None),
                };
                tell(&mut after, side, input);
            }
            // Nothing moves for whoever waits for the flight until it lands.
            Action::Renew(_) => return Vec::new(),
            Action::WaitUntil(until) | Action::AwaitGeneration { until, .. } => {
                if until.since(&after.world.now) > std::time::Duration::ZERO {
                    after.world.now = until.clone();
                }
                tell(&mut after, side, Input::Waited);
            }
            Action::Deliver(_) | Action::Fail(_) | Action::Close => return Vec::new(),
            Action::Reread(_) | Action::FallBack(_) => unreachable!("there is one grant at one provider"),
        }
        let mut gone = pair.clone();
        tell(&mut gone, side, Input::Cancelled);
        vec![after, gone]
    }

    fn verdict(&self, lease: &Lease, machine: &Attempt) -> Verdict {
        let stale = lease.fence.generation == Generation(1);
        let lags = match &machine.doing {
            Doing::Sending(hand) => !(hand.lagged || hand.lagged_anew),
            _ => false,
        };
        match self.provider {
            Provider::Honest if stale => Verdict::Unauthenticated,
            Provider::Lagging if stale || lags => Verdict::Unauthenticated,
            Provider::Stubborn => Verdict::Unauthenticated,
            Provider::Honest | Provider::Lagging => Verdict::Success,
        }
    }
}

fn tell(pair: &mut Pair, side: usize, input: Input) {
    let machine = pair.sides[side].machine.take().unwrap();
    let step = machine.handle(input, &pair.world.view, &pair.world.now, 0);
    enter(pair, side, step);
}

/// Carries out a step as the driver does: reports first, then the action; a renewal joins the flight that is under way,
/// or finds that the store has a newer generation already.
fn enter(pair: &mut Pair, side: usize, step: Step) {
    pair.world.take(&step);
    pair.sides[side] = Side {
        answered: pair.sides[side].answered || step.action == Action::Deliver(None),
        machine: step.next,
        action: step.action,
    };
    let Action::Renew(renew) = pair.sides[side].action.clone() else {
        return;
    };
    let current = pair.world.member(&renew.lease).lease.clone();
    if current.fence.generation > renew.lease.fence.generation {
        tell(pair, side, Input::Renewed(usable(current.fence.clone(), false)));
        return;
    }
    match &pair.flight {
        Some((lease, _)) => assert_eq!(lease.fence, renew.lease.fence, "one flight for one generation"),
        None => {
            let member = pair.world.member(&renew.lease);
            let minted = member.standing.minted.as_ref().is_some_and(|minted| minted.reactive);
            let proven = member.standing.accepted == Some(current.fence.generation);
            let reactive = matches!(renew.reason, Reason::Refused | Reason::Denied);
            assert!(!(reactive && minted && !proven), "no renewal because of a renewal");
            pair.flight = Some((renew.lease, renew.reason));
        }
    }
}

/// Walks both requests and answers every end: how many renewals there were, and who got a good answer.
fn ends(sort: Sort, provider: Provider, obstacle: Option<Obstacle>) -> Vec<(u32, [bool; 2])> {
    let world = World::new(&[("p", &[("a", sort)])]);
    let nothing = Side {
        machine: None,
        action: Action::Close,
        answered: false,
    };
    let mut pair = Pair {
        world,
        sides: [nothing.clone(), nothing],
        flight: None,
        spends: 0,
        end: None,
    };
    for side in 0..2 {
        let step = Attempt::begin(plan(&["p"], true, true), &pair.world.view, &pair.world.now, 0);
        enter(&mut pair, side, step);
    }
    let mut walk = Walk {
        provider,
        obstacle,
        seen: HashSet::new(),
        ends: Vec::new(),
    };
    walk.go(&pair);
    println!(
        "walked a pair, {sort:?}, {provider:?}, {obstacle:?}: {} states",
        walk.seen.len()
    );
    walk.ends
}

#[test]
fn walk_two_requests_and_one_renewal() {
    for sort in [Sort::Proven, Sort::Lapsed] {
        for provider in [Provider::Honest, Provider::Lagging] {
            let ends = ends(sort, provider, None);
            assert!(ends.contains(&(1, [true, true])));
            assert!(
                ends.iter().all(|(spends, _)| *spends <= 1),
                "{sort:?} {provider:?}: {ends:?}"
            );
        }
    }
}

#[test]
fn walk_two_requests_that_nothing_helps() {
    let ends = ends(Sort::Proven, Provider::Stubborn, None);
    assert!(
        ends.iter()
            .all(|end| *end == (1, [false, false]) || *end == (0, [false, false]))
    );
    for obstacle in [
        Obstacle::Dead,
        Obstacle::OutcomeUnknown,
        Obstacle::Later { after: None },
    ] {
        let ends = self::ends(Sort::Proven, Provider::Honest, Some(obstacle));
        assert!(ends.iter().all(|(_, answered)| *answered == [false, false]));
    }
}
