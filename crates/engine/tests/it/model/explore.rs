//! The explorer: breadth first, so that the first fault that is found is among the shortest.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use super::engine::Book;
use super::event::{Event, after, events};
use super::fair::all_ends_well;
use super::law::Broken;
use super::scope::{Budget, Scope};
use super::world::World;

/// What an exploration has found.
pub(super) struct Report {
    pub(super) states: usize,
    pub(super) steps: usize,
    /// Distinct machines met, and questions put to the real one.
    pub(super) machines: (usize, usize),
    /// From how many worlds it was seen that everything ends well.
    pub(super) endings: usize,
    pub(super) took: Duration,
    pub(super) fault: Option<Fault>,
}

/// A law that was broken, and how it came to that.
pub(super) struct Fault {
    pub(super) law: Broken,
    pub(super) history: Vec<String>,
}

/// Visits every world that can be reached, until a law is broken.
#[expect(
    clippy::disallowed_methods,
    reason = "the exploration itself is timed, not the engine"
)]
pub(super) fn explore(scope: &Scope) -> Report {
    let began = Instant::now();
    let mut book = Book::new(scope);
    let first = World::at_first(scope);
    let mut trail: Vec<(u32, Event)> = vec![(0, Event::Tick)];
    let mut seen = HashSet::from([mark(&first)]);
    let mut ended = HashSet::new();
    let mut queue = VecDeque::from([(0_u32, first)]);
    let (mut steps, mut endings) = (0, 0);
    let mut fault = None;
    'explored: while let Some((number, world)) = queue.pop_front() {
        for event in events(&world, &book) {
            steps += 1;
            let next = after(&world, event, scope, &mut book);
            let law = match next {
                Ok(next) => {
                    if !seen.insert(mark(&next)) {
                        continue;
                    }
                    let place = u32::try_from(trail.len()).expect("fewer than four thousand million worlds");
                    trail.push((number, event));
                    queue.push_back((place, next));
                    let timeless = World {
                        left: Budget::default(),
                        ..next
                    };
                    let quiet = next.flights().next().is_none();
                    if (quiet || place % SAMPLED == 0) && ended.insert(mark(&timeless)) {
                        endings += 1;
                        match all_ends_well(&next, scope, &mut book) {
                            Ok(()) => continue,
                            Err(law) => law,
                        }
                    } else {
                        continue;
                    }
                }
                Err(law) => law,
            };
            let mut history = vec![event];
            let mut place = number;
            while place != 0 {
                let (before, event) = trail[place as usize];
                history.push(event);
                place = before;
            }
            history.reverse();
            fault = Some(Fault {
                law,
                history: told(&history, scope, &mut book),
            });
            break 'explored;
        }
    }
    Report {
        states: seen.len(),
        steps,
        machines: book.size(),
        endings,
        took: began.elapsed(),
        fault,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machines, questions) = self.machines;
        write!(
            f,
            "{} states, {} steps, {machines} machines, {questions} questions, {} endings, {:.1} s",
            self.states,
            self.steps,
            self.endings,
            self.took.as_secs_f64()
        )?;
        if let Some(fault) = &self.fault {
            write!(f, "; after {} events: {}", fault.history.len(), fault.law)?;
        }
        Ok(())
    }
}

/// A history as a person reads it: when, what, and by whom at which of its steps.
fn told(history: &[Event], scope: &Scope, book: &mut Book) -> Vec<String> {
    let mut world = World::at_first(scope);
    let mut lines = Vec::with_capacity(history.len());
    for event in history {
        let flight = event.who().and_then(|who| world.processes[usize::from(who)].flight);
        let by = flight.map_or_else(String::new, |flight| {
            format!(
                " by attempt {} at {:?} {}",
                flight.attempt,
                book.action(flight.action),
                flight.done
            )
        });
        lines.push(format!("{:>3} s  {event:?}{by}", world.now));
        let Ok(next) = after(&world, *event, scope, book) else {
            break;
        };
        world = next;
    }
    lines
}

/// 128 bits of a world: among 10^8 of them two are taken for one with a chance below 10^-22.
fn mark(world: &World) -> u128 {
    let mut lanes = Lanes(0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f);
    world.hash(&mut lanes);
    u128::from(lanes.0) << 64 | u128::from(lanes.1)
}

/// Two lanes that multiply and turn; worlds are hashed by the million, also in builds that are not optimised.
struct Lanes(u64, u64);

impl Hasher for Lanes {
    fn finish(&self) -> u64 {
        self.0 ^ self.1
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(word.into());
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u64(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.1 = (self.1 ^ word).wrapping_mul(0xc4ce_b9fe_1a85_ec53).rotate_left(29);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }
}

/// Worlds in which something is under way are led to their end one in so many; those at rest, all.
const SAMPLED: u32 = 64;
