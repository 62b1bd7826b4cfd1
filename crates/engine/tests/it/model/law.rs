//! What must hold whatever happens. The laws of harm say what nobody may ever suffer; the laws of means say how harm is
//! kept away, and are left out where a means was taken away to see that harm follows.

use evergrant_engine::recovery::renewal::Ending;
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::store::ClaimState;

use super::process::Flight;
use super::scope::Scope;
use super::world::{Pair, Secs, World};

/// A law that was broken, in words.
pub(super) type Broken = String;

/// The first byte of a refresh token leaves: at most once while its access token can be used, once more within the grace.
pub(super) fn sends(world: &mut World, scope: &Scope, flight: &Flight, pair: Pair) -> Result<(), Broken> {
    if scope.means_count() {
        means_of_a_send(world, flight, pair)?;
    }
    let claim = world.store.claims[usize::from(pair)];
    if claim.is_some_and(|claim| claim.state() == ClaimState::Spent && claim.attempt != flight.attempt) {
        return Err(format!("token {pair} was sent though its successor is in the store"));
    }
    if flight.robbed {
        // Nobody is kept from trying again while it waits for its answer.
        world.history.cut_off |= 1 << pair;
    }
    let usable = world.is_usable(scope) && world.store.material.is_some_and(|material| material.pair == pair);
    if !usable {
        return Ok(());
    }
    let history = &mut world.history;
    let (count, first) = (
        &mut history.sends[usize::from(pair)],
        &mut history.first[usize::from(pair)],
    );
    *count += 1;
    if *count == 1 {
        *first = world.now;
    }
    let allowed = if world.now - *first < scope.grace { 2 } else { 1 };
    if *count > allowed {
        return Err(format!(
            "token {pair} was sent {count} times while its access token could be used"
        ));
    }
    Ok(())
}

/// A send needs the lock (unless it was taken from who sends), and a claim that is its own and younger than 5 s. The claim
/// may have been closed since it was marked, by the answer of one who had lost its lock: that cannot be known in time.
fn means_of_a_send(world: &World, flight: &Flight, pair: Pair) -> Result<(), Broken> {
    if !flight.locked && !flight.robbed {
        return Err(format!("token {pair} was sent without the lock"));
    }
    let claim = world.store.claims[usize::from(pair)];
    if claim.is_none_or(|claim| claim.attempt != flight.attempt) {
        return Err(format!("token {pair} was sent without an own claim"));
    }
    if world.now - flight.claimed >= CLAIM_YOUNG {
        return Err(format!("token {pair} was sent on an old claim"));
    }
    Ok(())
}

/// The answer said that the token was not taken: that send does not count.
pub(super) fn was_not_taken(world: &mut World, pair: Pair) {
    let count = &mut world.history.sends[usize::from(pair)];
    *count = count.saturating_sub(1);
}

/// A sender stops listening, or its lock is lost, while the outcome of its send is in nobody's journal: what follows from
/// it is not our fault.
pub(super) fn cut_off(world: &mut World, flight: &Flight) {
    if let Some(pair) = flight.exposed(world) {
        world.history.cut_off |= 1 << pair;
    }
}

/// The provider ended the family because this token came a second time.
pub(super) fn revoked(world: &World, scope: &Scope, pair: Pair) -> Result<(), Broken> {
    if scope.real_grace > 0 {
        return Err(format!("the grant was revoked in spite of a grace, by token {pair}"));
    }
    if world.history.cut_off & (1 << pair) == 0 {
        return Err(format!(
            "the grant was revoked by token {pair}, whose sender was never cut off"
        ));
    }
    Ok(())
}

/// What was read from the provider is in a process or in the journal until it is saved, or given up to a logout or login.
pub(super) fn nothing_received_is_lost(world: &World) -> Result<(), Broken> {
    for pair in (0..8).filter(|pair| world.history.received & (1 << pair) != 0) {
        let in_memory = world
            .flights()
            .any(|flight| flight.machine.is_some() && flight.answer.is_some_and(|(held, _)| held == pair));
        let in_journal = world
            .journal
            .and_then(|journal| journal.answer)
            .is_some_and(|answer| answer.pair == pair);
        if !in_memory && !in_journal {
            return Err(format!("pair {pair} was received and is lost"));
        }
    }
    Ok(())
}

/// Generations and epochs only grow.
pub(super) fn fences_grow(before: &World, after: &World) -> Result<(), Broken> {
    let (old, new) = (&before.store, &after.store);
    if new.generation < old.generation || new.epoch < old.epoch {
        return Err("a fence went back".to_owned());
    }
    if new.material != old.material && old.material.is_some() {
        let changed = new.generation > old.generation || new.epoch > old.epoch;
        let quarantined = new.refresh_token().is_none();
        if !changed && !quarantined {
            return Err("the secret changed and its fence did not".to_owned());
        }
    }
    if old.material.is_none() && new.material.is_some() && new.epoch == old.epoch {
        return Err("what was logged out came back".to_owned());
    }
    Ok(())
}

/// What those who wait are told is true when it is decided.
pub(super) fn told(world: &World, flight: &Flight, ending: &Ending) -> Result<(), Broken> {
    let store = &world.store;
    match &ending.renewed {
        Renewed::Usable { fence, minted, .. } => {
            let known = fence.generation.0 <= u64::from(store.generation);
            // What a commit found was there when it was done.
            let at_commit = *minted || flight.committed.is_some();
            let current = at_commit || (fence.epoch.0 == u64::from(store.epoch) && store.material.is_some());
            if !known || !current {
                return Err(format!("{fence:?} was handed out, and is not there"));
            }
        }
        Renewed::Unusable { obstacle, .. } => {
            let alive = store.epoch == flight.asked.1
                && store
                    .material
                    .is_some_and(|material| material.refreshable && !world.provider.is_revoked(material.pair));
            let wrong = match obstacle {
                Obstacle::Dead | Obstacle::NotRenewable | Obstacle::LoggedOut => alive,
                Obstacle::NotEntitled | Obstacle::Rejected => true,
                Obstacle::Later { .. } | Obstacle::OutcomeUnknown | Obstacle::Store => false,
            };
            if wrong {
                return Err(format!("`{obstacle:?}` was told of a grant that is alive"));
            }
        }
    }
    Ok(())
}

/// 5 s, as DESIGN.md says it; not the machine's own constant, so that the law does not follow the machine.
const CLAIM_YOUNG: Secs = 5;
