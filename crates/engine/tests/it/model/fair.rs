//! From any world on, if nothing goes wrong any more: everyone comes to an end, and the grant can be renewed.

use super::engine::Book;
use super::event::{hear, is_ready, start, step, take};
use super::hands::Luck;
use super::law::Broken;
use super::process::{Line, Process};
use super::scope::{Budget, Scope};
use super::world::{Secs, World};

/// Lets everyone come to an end, then renews once more when all access tokens have lapsed.
pub(super) fn all_ends_well(world: &World, scope: &Scope, book: &mut Book) -> Result<(), Broken> {
    let mut world = *world;
    world.left = Budget::default();
    come_to_an_end(&mut world, scope, book)?;
    let Some(material) = world.store.material else {
        return Ok(());
    };
    if world.provider.is_revoked(material.pair) {
        return Ok(());
    }
    world.now += LONG_AFTER;
    world.adrift = Default::default();
    let before = world.store;
    world.processes[0] = Process {
        shown: (before.generation, before.epoch),
        flight: None,
    };
    start(&mut world, 0, scope, book)?;
    come_to_an_end(&mut world, scope, book)?;
    if world.store.generation == before.generation && !world.provider.is_lost(material.pair) {
        return Err(format!("a grant that is alive was not renewed: {:?}", world.store));
    }
    Ok(())
}

fn come_to_an_end(world: &mut World, scope: &Scope, book: &mut Book) -> Result<(), Broken> {
    for _ in 0..ROUNDS {
        let before = world.processes;
        for who in 0..3 {
            for _ in 0..STEPS {
                let was = world.processes[usize::from(who)];
                let Some(flight) = was.flight else { break };
                match flight.line {
                    Line::Sent(_) => take(world, who, scope)?,
                    Line::Answered(_) => hear(world, who, scope, book)?,
                    Line::Quiet if is_ready(&flight, &book.action(flight.action), world) => {
                        step(world, who, Luck::Good, scope, book)?;
                    }
                    Line::Quiet => break,
                }
                if world.processes[usize::from(who)] == was {
                    break;
                }
            }
        }
        if world.flights().next().is_none() {
            return Ok(());
        }
        if world.processes == before {
            world.now += 1;
        }
    }
    Err("a renewal does not come to an end".to_owned())
}

/// Longer than any backoff of a renewal that someone waits for, and than any access token of the scopes lives.
const LONG_AFTER: Secs = 4_000;

/// As many seconds as all waits of three renewals together last.
const ROUNDS: usize = 400;

/// More steps than a renewal has between two waits.
const STEPS: usize = 64;
