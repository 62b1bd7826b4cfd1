//! What can happen next to a request: every input that its state allows, and what others do meanwhile.

use std::rc::Rc;
use std::time::Duration;

use super::action::Action;
use super::input::Input;
use super::limits;
use super::state::{Attempt, Doing, Hand};
use super::world_tests::{World, quarantined, reading, secs, usable};
use crate::credential::Fence;
use crate::pool::{Lease, Life, Member};
use crate::recovery::renewal::{Obstacle, Reason};
use crate::store::Health;
use crate::time::Moment;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

/// Everything that can happen next, with the world as it is then.
pub(super) fn inputs(
    alphabet: &[Verdict],
    machine: &Attempt,
    action: &Action,
    world: &Rc<World>,
    sent: &[Lease],
) -> Vec<(Input, Rc<World>)> {
    let mut all = vec![(Input::Cancelled, Rc::clone(world))];
    let mut say = |input: Input, world: &Rc<World>| all.push((input, Rc::clone(world)));
    match (&machine.doing, action) {
        (Doing::Sending(hand), _) => answers(alphabet, &hand.lease).for_each(|input| say(input, world)),
        (Doing::Renewing(hand, reason), _) => renewals(hand, Some(*reason), world, &mut say),
        (Doing::Rereading(hand), _) => renewals(hand, None, world, &mut say),
        (Doing::Pausing(_), Action::WaitUntil(until) | Action::AwaitGeneration { until, .. }) => {
            for late in [Duration::ZERO, limits::TOTAL] {
                let now = until.plus(late);
                say(
                    Input::Waited,
                    &Rc::new(World {
                        now,
                        ..World::clone(world)
                    }),
                );
            }
        }
        (Doing::Falling, _) => say(Input::FellBack, world),
        (Doing::Listening, _) => {
            let lease = sent.last().unwrap();
            breaks(lease, true).for_each(|input| say(input, world));
        }
        (Doing::Choosing | Doing::Pausing(_), _) => unreachable!("waits for nothing: {machine:?}"),
    }
    all
}

fn answers(alphabet: &[Verdict], lease: &Lease) -> impl Iterator<Item = Input> {
    let answered = |(verdict, after)| Input::Answered {
        lease: lease.clone(),
        reading: reading(verdict, after),
    };
    let all = alphabet.iter().map(|verdict| (*verdict, None));
    let timed = [Verdict::RateLimited, Verdict::Overloaded, Verdict::UsageLimited];
    let timed = timed
        .into_iter()
        .flat_map(|verdict| [secs(2), secs(86_400)].map(|after| (verdict, Some(after))));
    let phases = [Phase::Connect, Phase::Sent].map(|phase| Input::Failed {
        lease: lease.clone(),
        phase,
        timed_out: phase == Phase::Sent,
    });
    all.chain(timed)
        .map(answered)
        .chain(phases)
        .chain(breaks(lease, false))
        .chain(breaks(lease, true))
}

fn breaks(lease: &Lease, released: bool) -> impl Iterator<Item = Input> + '_ {
    // An event of a stream is read as an answer is: one verdict of each course will do.
    EACH.map(Some)
        .into_iter()
        .chain([None])
        .map(move |verdict| Input::StreamBroke {
            lease: lease.clone(),
            reading: verdict.map(|verdict| reading(verdict, None)),
            released,
        })
}

fn renewals(hand: &Hand, reason: Option<Reason>, world: &Rc<World>, say: &mut impl FnMut(Input, &Rc<World>)) {
    let lease = &hand.lease;
    let grant = reason.is_some();
    for minted in [true, false] {
        let mut renewed = World::clone(world);
        let fence = renewed.mint(lease, reason.filter(|_| minted));
        say(Input::Renewed(usable(fence.clone(), minted)), &Rc::new(renewed));
        // The view has not caught up with it yet.
        say(Input::Renewed(usable(fence, minted)), world);
    }
    say(Input::Renewed(usable(lease.fence.clone(), false)), world);
    let obstacles = [
        Obstacle::Dead,
        Obstacle::LoggedOut,
        Obstacle::NotRenewable,
        Obstacle::NotEntitled,
        Obstacle::Rejected,
        Obstacle::Later { after: None },
        Obstacle::Later { after: Some(secs(3)) },
        Obstacle::Later { after: Some(secs(90)) },
        Obstacle::OutcomeUnknown,
        Obstacle::Store,
    ];
    for obstacle in obstacles {
        if grant || obstacle == Obstacle::NotRenewable {
            let mut hindered = World::clone(world);
            let end = hindered.obstruct(lease, obstacle);
            say(Input::Renewed(end), &Rc::new(hindered));
        }
    }
}

/// What others may do meanwhile to the credential in hand.
pub(super) fn disturbed(world: &World, hand: Option<&Hand>) -> Vec<World> {
    let Some(lease) = hand.map(|hand| &hand.lease) else {
        return Vec::new();
    };
    let changed = |change: &dyn Fn(&mut Member, &Moment)| {
        let mut world = world.clone();
        let now = world.now.clone();
        world.change(lease, |member| change(member, &now));
        world
    };
    let mut rotated = world.clone();
    rotated.mint(lease, None);
    vec![
        rotated,
        changed(&|member, now| {
            member.standing.health = Health::LoggedOut { at: now.wall };
            member.life = Life::None;
            member.lease = member.lease.at(&Fence {
                epoch: member.lease.fence.epoch.next(),
                ..member.lease.fence.clone()
            });
        }),
        changed(&|member, _| member.standing.disabled = true),
        changed(&|member, now| member.standing.health = quarantined(now.wall)),
        changed(&|member, _| member.standing.refused = Some(member.lease.fence.generation)),
    ]
}

/// What the request has in hand.
pub(super) fn hand(machine: &Attempt) -> Option<&Hand> {
    match &machine.doing {
        Doing::Sending(hand) | Doing::Renewing(hand, _) | Doing::Rereading(hand) | Doing::Pausing(hand) => Some(hand),
        Doing::Choosing | Doing::Falling | Doing::Listening => None,
    }
}

/// One verdict of each course.
pub(super) const EACH: [Verdict; 9] = [
    Verdict::Success,
    Verdict::InvalidRequest,
    Verdict::Unauthenticated,
    Verdict::UnknownDenial,
    Verdict::NotEntitled,
    Verdict::RateLimited,
    Verdict::Overloaded,
    Verdict::ServerError,
    Verdict::EdgeBlocked,
];
