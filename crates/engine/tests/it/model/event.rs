//! What can happen next in a world, and what becomes of it.

use evergrant_engine::recovery::renewal::{Action, Reason};

use super::engine::Book;
use super::hands::{Hands, Luck};
use super::law::{self, Broken};
use super::process::{Flight, Line, Process};
use super::provider::Reply;
use super::scope::Scope;
use super::world::World;

/// One thing that happens; processes by their place in the world before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A process wants a new generation.
    Start(u8),
    /// A process does its next step.
    Step(u8),
    /// The same, and it goes wrong.
    Fail(u8),
    /// The provider takes a request.
    Take(u8),
    /// The provider turns a request away for the moment.
    TurnAway(u8),
    /// An answer is read.
    Hear(u8),
    /// An exchange breaks off, or is given up.
    BreakOff(u8),
    /// A process dies.
    Crash(u8),
    /// A process loses its lock, and lives.
    Rob(u8),
    /// A request that nobody waits for arrives.
    TakeAdrift(u8),
    /// Three seconds pass.
    Tick,
    /// Thirty seconds pass.
    Leap,
    Logout,
    Login,
}

impl Event {
    /// The process that it happens to, if it is one that renews.
    pub(super) const fn who(self) -> Option<u8> {
        match self {
            Self::Step(who)
            | Self::Fail(who)
            | Self::Take(who)
            | Self::TurnAway(who)
            | Self::Hear(who)
            | Self::BreakOff(who)
            | Self::Crash(who)
            | Self::Rob(who) => Some(who),
            Self::Start(_) | Self::TakeAdrift(_) | Self::Tick | Self::Leap | Self::Logout | Self::Login => None,
        }
    }
}

/// Everything that can happen next.
pub(super) fn events(world: &World, book: &Book) -> Vec<Event> {
    let mut events = Vec::with_capacity(16);
    let left = &world.left;
    for (who, process) in (0_u8..).zip(&world.processes) {
        let twin = who > 0 && world.processes[usize::from(who) - 1] == *process;
        let Some(flight) = &process.flight else {
            if left.starts > 0 && !twin && *process != Process::absent() {
                events.push(Event::Start(who));
            }
            continue;
        };
        if left.crashes > 0 {
            events.push(Event::Crash(who));
        }
        if left.robberies > 0 && flight.locked {
            events.push(Event::Rob(who));
        }
        match flight.line {
            Line::Quiet => {
                let action = book.action(flight.action);
                if is_ready(flight, &action, world) {
                    events.push(Event::Step(who));
                }
                let connects = matches!(&*action, Action::Connect) && left.refusals > 0;
                let commits = matches!(&*action, Action::Commit { .. }) && flight.done == 1 && left.unsaved > 0;
                if connects || commits {
                    events.push(Event::Fail(who));
                }
            }
            Line::Sent(_) => {
                events.push(Event::Take(who));
                if left.refusals > 0 {
                    events.push(Event::TurnAway(who));
                }
            }
            Line::Answered(_) => events.push(Event::Hear(who)),
        }
        if flight.line != Line::Quiet && left.breaks > 0 {
            events.push(Event::BreakOff(who));
        }
    }
    let adrift = (0_u8..).zip(&world.adrift).filter(|(_, pair)| pair.is_some());
    events.extend(adrift.map(|(place, _)| Event::TakeAdrift(place)));
    let rest = [
        (left.ticks > 0, Event::Tick),
        (left.leaps > 0, Event::Leap),
        (left.logouts > 0 && world.store.material.is_some(), Event::Logout),
        (left.logins > 0, Event::Login),
    ];
    events.extend(rest.into_iter().filter(|(can, _)| *can).map(|(_, event)| event));
    events
}

/// Whether a process can go on by itself.
pub(super) fn is_ready(flight: &Flight, action: &Action, world: &World) -> bool {
    !matches!(action, Action::Pause(_) | Action::PublishUnsaved(_)) || world.now >= flight.due
}

/// The world after an event.
pub(super) fn after(before: &World, event: Event, scope: &Scope, book: &mut Book) -> Result<World, Broken> {
    let mut world = *before;
    match event {
        Event::Start(who) => {
            world.left.starts -= 1;
            start(&mut world, who, scope, book)?;
        }
        Event::Step(who) => step(&mut world, who, Luck::Good, scope, book)?,
        Event::Fail(who) => {
            let action = world.processes[usize::from(who)]
                .flight
                .map(|flight| book.action(flight.action));
            if action.is_some_and(|action| matches!(&*action, Action::Connect)) {
                world.left.refusals -= 1;
            } else {
                world.left.unsaved -= 1;
            }
            step(&mut world, who, Luck::Bad, scope, book)?;
        }
        Event::Take(who) => take(&mut world, who, scope)?,
        Event::TurnAway(who) => {
            world.left.refusals -= 1;
            answer(&mut world, who, Reply::Later);
        }
        Event::Hear(who) => hear(&mut world, who, scope, book)?,
        Event::BreakOff(who) => {
            world.left.breaks -= 1;
            abandon(&mut world, who);
            let flight = flight(&world, who);
            hands(&mut world, who, scope, book).hear(flight, None)?;
        }
        Event::Crash(who) => {
            world.left.crashes -= 1;
            abandon(&mut world, who);
            crash(&mut world, who)?;
        }
        Event::Rob(who) => {
            world.left.robberies -= 1;
            let flight = flight(&world, who);
            law::cut_off(&mut world, &flight);
            if let Some(flight) = &mut world.processes[usize::from(who)].flight {
                (flight.locked, flight.robbed) = (false, true);
            }
        }
        Event::TakeAdrift(place) => {
            if let Some(pair) = world.adrift[usize::from(place)].take() {
                world.adrift.sort_unstable();
                if world.provider.take(pair, world.now, scope.real_grace).revoked {
                    law::revoked(&world, scope, pair)?;
                }
            }
        }
        Event::Tick => {
            world.left.ticks -= 1;
            world.now += TICK;
        }
        Event::Leap => {
            world.left.leaps -= 1;
            world.now += LEAP;
        }
        Event::Logout => {
            world.left.logouts -= 1;
            world.store.bury();
        }
        Event::Login => {
            world.left.logins -= 1;
            let pair = world.provider.log_in();
            world.store.log_in(pair, world.now);
        }
    }
    law::fences_grow(before, &world)?;
    law::nothing_received_is_lost(&world)?;
    Ok(world.canonical())
}

/// A process begins to renew what it shows: because it has lapsed, or because a new one is wanted.
pub(super) fn start(world: &mut World, who: u8, scope: &Scope, book: &mut Book) -> Result<(), Broken> {
    let reason = if world.is_usable(scope) {
        Reason::Wanted
    } else {
        Reason::Expiring
    };
    let turn = book.begin(world.processes[usize::from(who)].shown, reason, world.now);
    hands(world, who, scope, book).take_off(turn)
}

pub(super) fn step(world: &mut World, who: u8, luck: Luck, scope: &Scope, book: &mut Book) -> Result<(), Broken> {
    let flight = flight(world, who);
    hands(world, who, scope, book).step(flight, luck)
}

/// The provider takes what a process sent.
pub(super) fn take(world: &mut World, who: u8, scope: &Scope) -> Result<(), Broken> {
    if let Line::Sent(pair) = flight(world, who).line {
        let taken = world.provider.take(pair, world.now, scope.real_grace);
        if taken.revoked {
            law::revoked(world, scope, pair)?;
        }
        answer(world, who, taken.reply);
    }
    Ok(())
}

/// A process reads its answer.
pub(super) fn hear(world: &mut World, who: u8, scope: &Scope, book: &mut Book) -> Result<(), Broken> {
    let flight = flight(world, who);
    if let Line::Answered(reply) = flight.line {
        hands(world, who, scope, book).hear(flight, Some(reply))?;
    }
    Ok(())
}

fn answer(world: &mut World, who: u8, reply: Reply) {
    if let Some(flight) = &mut world.processes[usize::from(who)].flight {
        flight.line = Line::Answered(reply);
    }
}

/// Nobody will read this process's answer.
fn abandon(world: &mut World, who: u8) {
    let flight = flight(world, who);
    law::cut_off(world, &flight);
    if let Line::Sent(pair) = flight.line {
        world.set_adrift(pair);
    }
}

/// Memory and lock go; what is on the disk or on its way stays. Who comes back shows what the store has.
fn crash(world: &mut World, who: u8) -> Result<(), Broken> {
    let flight = flight(world, who);
    if let Some((pair, _)) = flight.answer.filter(|_| flight.exposed(world).is_some()) {
        world.history.received &= !(1 << pair);
    }
    let process = &mut world.processes[usize::from(who)];
    process.flight = None;
    process.shown = (world.store.generation, world.store.epoch);
    Ok(())
}

fn flight(world: &World, who: u8) -> Flight {
    world.processes[usize::from(who)].flight.expect("a renewal under way")
}

const fn hands<'a>(world: &'a mut World, who: u8, scope: &'a Scope, book: &'a mut Book) -> Hands<'a> {
    Hands {
        scope,
        book,
        world,
        who: who as usize,
    }
}

/// 3 s: longer than the 2 s between two sends, shorter than the 5 s that a claim is young.
const TICK: u16 = 3;

/// 30 s: longer than the 25 s that anyone waits for a lock.
const LEAP: u16 = 30;
