//! The walker: goes on from a beginning with every input until nothing is new, and counts what it saw.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::action::{Action, Step};
use super::course::{Course, course};
use super::guard::{justifies_renewal, may_lag};
use super::input::{Input, Plan};
use super::limits;
use super::state::{Attempt, Doing};
use super::walk_alphabet_tests::{disturbed, hand, inputs};
use super::walk_rules_tests::{Broken, Ledger, check};
use super::world_tests::{World, secs};
use crate::pool::{Readiness, Renewability, readiness, renewability, secret};
use crate::vocabulary::Verdict;

/// The walk from one beginning.
pub(super) struct Walk {
    pub(super) course: fn(Verdict) -> Course,
    pub(super) plan: Plan,
    /// Whether others change the credential in hand once on the way.
    pub(super) disturbed: bool,
    /// The verdicts of answers.
    pub(super) alphabet: &'static [Verdict],
    pub(super) entropy: u64,
    pub(super) seen: HashMap<u64, Option<Reach>>,
    pub(super) steps: u64,
}

/// What lies beyond a state.
#[derive(Clone, Copy, Default)]
pub(super) struct Reach {
    longest: u32,
    histories: u128,
}

impl Reach {
    fn add(&mut self, further: Self) {
        self.longest = self.longest.max(further.longest + 1);
        self.histories = self.histories.saturating_add(further.histories);
    }
}

/// What a walk found.
#[derive(Debug)]
pub(super) struct Found {
    began: Instant,
    beginnings: u64,
    states: u64,
    steps: u64,
    longest: u32,
    histories: u128,
}

impl Walk {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            course,
            plan,
            disturbed: false,
            alphabet: Verdict::ALL,
            entropy: 0,
            seen: HashMap::new(),
            steps: 0,
        }
    }

    /// Walks everything that follows from this beginning.
    pub(super) fn begin(&mut self, world: &World) -> Result<Reach, Broken> {
        let mut world = world.clone();
        let step = Attempt::begin_by(self.course, self.plan.clone(), &world.view, &world.now, self.entropy);
        let mut ledger = Ledger::default();
        check(&self.plan, None, &step, &mut ledger, &world)?;
        world.take(&step);
        self.beyond(step, &Rc::new(world), &ledger)
    }

    fn beyond(&mut self, step: Step, world: &Rc<World>, ledger: &Ledger) -> Result<Reach, Broken> {
        let Some(machine) = step.next else {
            return Ok(Reach {
                longest: 1,
                histories: 1,
            });
        };
        let key = key(&machine, world, ledger);
        match self.seen.get(&key) {
            Some(Some(reach)) => return Ok(*reach),
            Some(None) => return Err(format!("the machine goes in a circle: {machine:?}")),
            None => {}
        }
        self.seen.insert(key, None);
        let mut reach = Reach::default();
        for (input, mut world) in inputs(self.alphabet, &machine, &step.action, world, &ledger.sent) {
            let further = self.follow(&machine, input, &mut world, ledger.clone())?;
            reach.add(further);
        }
        if self.disturbed && !ledger.disturbed {
            for world in disturbed(world, hand(&machine)) {
                let ledger = Ledger {
                    disturbed: true,
                    ..ledger.clone()
                };
                for (input, mut world) in inputs(self.alphabet, &machine, &step.action, &Rc::new(world), &ledger.sent) {
                    let further = self.follow(&machine, input, &mut world, ledger.clone())?;
                    reach.add(further);
                }
            }
        }
        self.seen.insert(key, Some(reach));
        Ok(reach)
    }

    fn follow(
        &mut self,
        machine: &Attempt,
        input: Input,
        world: &mut Rc<World>,
        mut ledger: Ledger,
    ) -> Result<Reach, Broken> {
        self.steps += 1;
        let step = machine
            .clone()
            .handle_by(self.course, input.clone(), &world.view, &world.now, self.entropy);
        let told = check(&self.plan, Some(&input), &step, &mut ledger, world);
        told.map_err(|broken| format!("{broken}\nafter {input:?}\nat {machine:?}\nsaid {:?}", step.action))?;
        if !step.reports.is_empty() || matches!(step.action, Action::Send(_)) {
            Rc::make_mut(world).take(&step);
        }
        self.beyond(step, world, &ledger)
    }
}

/// A state up to what no decision to come depends on: words, when it is, and who has been tried already.
fn key(machine: &Attempt, world: &World, ledger: &Ledger) -> u64 {
    let hash = &mut DefaultHasher::new();
    let now = &world.now;
    std::mem::discriminant(&machine.doing).hash(hash);
    (ledger.delivered, ledger.disturbed, ledger.sent.last()).hash(hash);
    if machine.doing == Doing::Listening {
        return hash.finish();
    }
    (
        machine.leg,
        machine.fallbacks,
        machine.tries,
        machine.strained,
        &machine.tried,
    )
        .hash(hash);
    (
        machine.held.is_some(),
        machine.trouble.is_some(),
        ledger.at_hand,
        &ledger.renewed,
    )
        .hash(hash);
    // All waits together are far shorter than this; only a jump of the clock leads to the end of the time.
    (now.since(&machine.begun) > limits::TOTAL / 2).hash(hash);
    let class = ledger.answer.as_ref().map(|(id, verdict)| (id, course(*verdict)));
    class.hash(hash);
    if let Doing::Renewing(_, reason) = machine.doing {
        reason.hash(hash);
    }
    let hand = hand(machine);
    if let Some(hand) = hand {
        hand.lease.hash(hash);
        (
            hand.renewed,
            hand.reread,
            hand.lagged,
            hand.lagged_anew,
            hand.waited,
            hand.act,
        )
            .hash(hash);
    }
    for provider in &machine.plan.route {
        let Some(pool) = world.view.pool(provider) else {
            continue;
        };
        for member in pool.roster.members() {
            let held = hand.is_some_and(|hand| hand.lease.fence.id == member.lease.fence.id);
            if held {
                member.lease.fence.hash(hash);
                let good = Readiness::AfterRenewal { still_good: true };
                let secret = secret(member, Duration::ZERO, now);
                (std::mem::discriminant(&secret), secret == good).hash(hash);
                let age = member
                    .age(now)
                    .map(|age| [10, 120, 900, 3_600].map(|bound| age < secs(bound)));
                (age, member.standing.accepted == Some(member.lease.fence.generation)).hash(hash);
                (renewability(member, now) == Renewability::Now, member.is_refused()).hash(hash);
                (
                    may_lag(member, now),
                    justifies_renewal(member, Verdict::Unauthenticated, now),
                )
                    .hash(hash);
                justifies_renewal(member, Verdict::UnknownDenial, now).hash(hash);
                member.standing.health.as_str().hash(hash);
            } else if !machine.tried.contains(&member.lease.fence.id) {
                world.sort(&member.lease).hash(hash);
                std::mem::discriminant(&readiness(member, Duration::ZERO, now)).hash(hash);
            }
        }
    }
    hash.finish()
}

impl Found {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long the walk took is printed, and decides nothing"
    )]
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            beginnings: 0,
            states: 0,
            steps: 0,
            longest: 0,
            histories: 0,
        }
    }

    pub(super) fn walk(&mut self, walk: &mut Walk, world: &World) -> Result<(), Broken> {
        let reach = walk.begin(world)?;
        self.beginnings += 1;
        self.longest = self.longest.max(reach.longest);
        self.histories = self.histories.saturating_add(reach.histories);
        Ok(())
    }

    pub(super) fn print(&self, what: &str) {
        println!(
            "walked {what}: {} beginnings, {} states, {} steps, longest history {}, {} histories, {:.1} s",
            self.beginnings,
            self.states,
            self.steps,
            self.longest,
            self.histories,
            self.began.elapsed().as_secs_f64()
        );
    }

    pub(super) fn close(&mut self, walk: &Walk) {
        self.states += walk.seen.len() as u64;
        self.steps += walk.steps;
    }
}
