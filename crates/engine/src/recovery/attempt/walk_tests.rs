//! Walks every state that a request's machine can reach, with every input, and asserts its invariants at each step.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::action::{Action, Step};
use super::course::{Course, course};
use super::guard::{justifies_renewal, may_lag};
use super::input::{Input, Plan};
use super::limits;
use super::state::{Attempt, Doing, Hand};
use super::world_tests::{SORTS, Sort, World, plan, quarantined, reading, secs, usable};
use crate::credential::CredentialId;
use crate::failure::Code;
use crate::pool::{Lease, Life, Member, Outcome, Readiness, Renewability, readiness, renewability, secret};
use crate::recovery::renewal::{Obstacle, Reason};
use crate::store::Health;
use crate::time::Moment;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

/// What has happened so far, as far as an invariant asks for it.
#[derive(Clone, Debug, Default, Hash)]
struct Ledger {
    /// Who was renewed.
    renewed: Vec<CredentialId>,
    /// The newest generation sent with each credential.
    sent: Vec<Lease>,
    /// The newest answer's verdict and who earned it.
    answer: Option<(CredentialId, Verdict)>,
    /// An answer that could be handed on.
    at_hand: bool,
    /// A refusal of which the log has not heard.
    unheard: bool,
    /// The client has its answer.
    delivered: bool,
    /// The one change that others made.
    disturbed: bool,
}

/// The walk from one beginning.
struct Walk {
    course: fn(Verdict) -> Course,
    plan: Plan,
    /// Whether others change the credential in hand once on the way.
    disturbed: bool,
    /// The verdicts of answers.
    alphabet: &'static [Verdict],
    entropy: u64,
    seen: HashMap<u64, Option<Reach>>,
    steps: u64,
}

/// What lies beyond a state.
#[derive(Clone, Copy, Default)]
struct Reach {
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
struct Found {
    began: Instant,
    beginnings: u64,
    states: u64,
    steps: u64,
    longest: u32,
    histories: u128,
}

type Broken = String;

impl Walk {
    fn new(plan: Plan) -> Self {
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
    fn begin(&mut self, world: &World) -> Result<Reach, Broken> {
        let mut world = world.clone();
        let step = Attempt::begin_by(self.course, self.plan.clone(), &world.view, &world.now, self.entropy);
        let mut ledger = Ledger::default();
        self.check(None, &step, &mut ledger, &world)?;
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
        for (input, mut world) in self.inputs(&machine, &step.action, world, ledger) {
            let further = self.follow(&machine, input, &mut world, ledger.clone())?;
            reach.add(further);
        }
        if self.disturbed && !ledger.disturbed {
            for world in disturbed(world, hand(&machine)) {
                let ledger = Ledger {
                    disturbed: true,
                    ..ledger.clone()
                };
                for (input, mut world) in self.inputs(&machine, &step.action, &Rc::new(world), &ledger) {
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
        let told = self.check(Some(&input), &step, &mut ledger, world);
        told.map_err(|broken| format!("{broken}\nafter {input:?}\nat {machine:?}\nsaid {:?}", step.action))?;
        if !step.reports.is_empty() || matches!(step.action, Action::Send(_)) {
            Rc::make_mut(world).take(&step);
        }
        self.beyond(step, world, &ledger)
    }

    /// Everything that can happen next, with the world as it is then.
    fn inputs(
        &self,
        machine: &Attempt,
        action: &Action,
        world: &Rc<World>,
        ledger: &Ledger,
    ) -> Vec<(Input, Rc<World>)> {
        let mut all = vec![(Input::Cancelled, Rc::clone(world))];
        let mut say = |input: Input, world: &Rc<World>| all.push((input, Rc::clone(world)));
        match (&machine.doing, action) {
            (Doing::Sending(hand), _) => self.answers(&hand.lease).for_each(|input| say(input, world)),
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
                let lease = ledger.sent.last().unwrap();
                breaks(lease, true).for_each(|input| say(input, world));
            }
            (Doing::Choosing | Doing::Pausing(_), _) => unreachable!("waits for nothing: {machine:?}"),
        }
        all
    }

    fn answers(&self, lease: &Lease) -> impl Iterator<Item = Input> {
        let answered = |(verdict, after)| Input::Answered {
            lease: lease.clone(),
            reading: reading(verdict, after),
        };
        let all = self.alphabet.iter().map(|verdict| (*verdict, None));
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

    /// The invariants.
    fn check(&self, input: Option<&Input>, step: &Step, ledger: &mut Ledger, world: &World) -> Result<(), Broken> {
        let blamed = match input {
            Some(Input::Answered { lease, .. } | Input::Failed { lease, .. } | Input::StreamBroke { lease, .. }) => {
                Some(lease)
            }
            Some(Input::Renewed(_) | Input::Waited | Input::FellBack | Input::Cancelled) | None => None,
        };
        let verdict = match input {
            Some(Input::Answered { reading, .. }) => Some(reading.verdict),
            Some(Input::StreamBroke { reading, .. }) => reading.as_ref().map(|reading| reading.verdict),
            Some(Input::Failed { .. } | Input::Renewed(_) | Input::Waited | Input::FellBack | Input::Cancelled)
            | None => None,
        };
        self.remember(input, verdict, blamed, ledger);
        self.hear(verdict, input, step, ledger)?;
        self.act(input, step, ledger, world)?;
        for report in &step.reports {
            rule(Some(&report.lease) == blamed, "blames only who earned it")?;
            let current = &world.member(&report.lease).lease.fence;
            rule(
                current.generation <= report.lease.fence.generation,
                "no old generation is blamed",
            )?;
            rule(current.epoch <= report.lease.fence.epoch, "no old login is blamed")?;
            let fair = match &report.outcome {
                Outcome::Accepted => verdict == Some(Verdict::Success),
                Outcome::Doubted => verdict == Some(Verdict::Unauthenticated),
                Outcome::Refused(refusal) => {
                    let settled = (Some(Verdict::UnknownDenial), Verdict::NotEntitled);
                    verdict == Some(refusal.verdict) || (verdict, refusal.verdict) == settled
                }
            };
            rule(fair, "a report says what the answer said")?;
        }
        rule(step.tally.tries <= limits::TRIES, "tries are limited")?;
        let over = matches!(step.action, Action::Deliver(Some(_)) | Action::Fail(_) | Action::Close);
        rule(step.next.is_none() || !over, "what is over is over")
    }

    /// One line for each refusal, no more and no less.
    fn hear(
        &self,
        verdict: Option<Verdict>,
        input: Option<&Input>,
        step: &Step,
        ledger: &mut Ledger,
    ) -> Result<(), Broken> {
        let refused = |verdict| !matches!(course(verdict), Course::Good | Course::AsItIs);
        let released = matches!(input, Some(Input::StreamBroke { released: true, .. }));
        let lost = matches!(
            input,
            Some(Input::Failed { .. } | Input::StreamBroke { reading: None, .. })
        );
        let unheard = !released && (lost || verdict.is_some_and(refused));
        ledger.unheard |= unheard;
        if let Some(note) = &step.note {
            let ahead = matches!(note.signal.as_str(), "expiry" | "refused-before");
            rule(ledger.unheard || ahead, "the log hears of each refusal once")?;
            ledger.unheard = false;
        }
        let acts = match &step.action {
            Action::Send(_) | Action::FallBack(_) | Action::Deliver(_) | Action::Fail(_) => true,
            Action::Renew(_)
            | Action::Reread(_)
            | Action::WaitUntil(_)
            | Action::AwaitGeneration { .. }
            | Action::Close => false,
        };
        rule(!(acts && ledger.unheard), "the log hears of each refusal")
    }

    fn remember(&self, input: Option<&Input>, verdict: Option<Verdict>, blamed: Option<&Lease>, ledger: &mut Ledger) {
        if let (Some(verdict), Some(lease)) = (verdict, blamed) {
            ledger.answer = Some((lease.fence.id.clone(), verdict));
        }
        match input {
            Some(Input::Answered { .. } | Input::StreamBroke { reading: Some(_), .. }) => ledger.at_hand = true,
            Some(Input::StreamBroke { released, .. }) => ledger.at_hand = *released,
            Some(Input::Failed { phase: Phase::Sent, .. }) => ledger.at_hand = false,
            Some(
                Input::Failed {
                    phase: Phase::Connect, ..
                }
                | Input::Renewed(_)
                | Input::Waited
                | Input::FellBack
                | Input::Cancelled,
            )
            | None => {}
        }
    }

    fn act(&self, input: Option<&Input>, step: &Step, ledger: &mut Ledger, world: &World) -> Result<(), Broken> {
        let ends = matches!(step.action, Action::Deliver(_) | Action::Fail(_) | Action::Close);
        rule(
            !ledger.delivered || step.action == Action::Close,
            "one answer, and nothing after it",
        )?;
        if let Some(Input::StreamBroke { released: true, .. }) = input {
            rule(ends, "nothing is sent again after a byte went out")?;
        }
        rule(
            !is_ambiguous(input) || self.plan.replay.ambiguous || ends,
            "no unsafe replay",
        )?;
        if let Some(machine) = &step.next {
            rule(machine.fallbacks <= limits::FALLBACKS, "fallbacks are limited")?;
            rule(machine.tried.len() <= limits::CREDENTIALS, "credentials are limited")?;
            let late = world.now.since(&machine.begun) >= self.plan.time;
            rule(!late || ends, "nothing begins after the time is up")?;
        }
        match &step.action {
            Action::Send(lease) => {
                rule(
                    step.tally.tries <= 1 || self.plan.replay.refused,
                    "a body that is gone is not sent",
                )?;
                sendable(lease, ledger, world)?;
                ledger.sent.retain(|sent| sent.fence.id != lease.fence.id);
                ledger.sent.push(lease.clone());
            }
            Action::Renew(renew) => {
                let id = &renew.lease.fence.id;
                rule(!ledger.renewed.contains(id), "one renewal per credential")?;
                ledger.renewed.push(id.clone());
                let earned = match renew.reason {
                    Reason::Expiring => true,
                    Reason::Wanted => false,
                    Reason::Refused => {
                        world.member(&renew.lease).is_refused()
                            || ledger.answer == Some((id.clone(), Verdict::Unauthenticated))
                    }
                    Reason::Denied => ledger.answer == Some((id.clone(), Verdict::UnknownDenial)),
                };
                rule(earned, "renews only what a renewal can mend")?;
                rule(
                    matches!(input, Some(Input::Answered { .. } | Input::StreamBroke { .. }))
                        || renew.reason == Reason::Expiring
                        || world.member(&renew.lease).is_refused(),
                    "renews for the answer at hand",
                )?;
            }
            Action::Reread(lease) => rule(
                lease.kind == crate::credential::Kind::Borrowed,
                "only borrowed tokens are read again",
            )?,
            Action::WaitUntil(until) => {
                rule(until.since(&world.now) <= limits::BACKOFF_AT_MOST, "waits are limited")?;
            }
            Action::AwaitGeneration { until, .. } => {
                rule(
                    until.since(&world.now) <= limits::LAG_AT_MOST,
                    "the edge gets a second at most",
                )?;
            }
            Action::FallBack(provider) => rule(self.plan.route.contains(provider), "falls back along the route")?,
            Action::Deliver(failure) => {
                rule(ledger.at_hand, "delivers an answer that is there")?;
                ledger.delivered = true;
                let good = ledger
                    .answer
                    .as_ref()
                    .is_none_or(|(_, verdict)| matches!(course(*verdict), Course::Good | Course::AsItIs));
                rule(
                    failure.is_none() || step.tally.repaired.is_empty(),
                    "a refusal is not called repaired",
                )?;
                let released = matches!(input, Some(Input::StreamBroke { released: true, .. }));
                rule(released || good == failure.is_none(), "each refusal is explained")?;
            }
            Action::Fail(failure) => {
                rule(!ledger.at_hand, "our own answer only when there is no other")?;
                rule(failure.code != Code::Internal, "never loses its way")?;
            }
            Action::Close => {}
        }
        Ok(())
    }
}

fn rule(holds: bool, what: &str) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn is_ambiguous(input: Option<&Input>) -> bool {
    let acted = |verdict: &Verdict| matches!(verdict, Verdict::ServerError | Verdict::Timeout);
    match input {
        Some(Input::Answered { reading, .. }) => acted(&reading.verdict),
        Some(Input::StreamBroke { reading, .. }) => reading.as_ref().is_none_or(|reading| acted(&reading.verdict)),
        Some(Input::Failed { phase, .. }) => *phase == Phase::Sent,
        Some(Input::Renewed(_) | Input::Waited | Input::FellBack | Input::Cancelled) | None => false,
    }
}

/// Whether the credential may be sent.
fn sendable(lease: &Lease, ledger: &Ledger, world: &World) -> Result<(), Broken> {
    let member = world.member(lease);
    let ahead = lease.fence.generation > member.lease.fence.generation;
    rule(
        ahead || lease.fence == member.lease.fence,
        "sends the newest generation",
    )?;
    rule(!member.standing.disabled, "sends nothing that is switched off")?;
    let gone = matches!(
        member.standing.health,
        Health::LoggedOut { .. } | Health::NeedsLogin { .. }
    );
    rule(!gone, "sends nothing that is logged out")?;
    let alive = member.remaining(&world.now).is_none_or(|left| !left.is_zero());
    rule(ahead || alive, "sends no expired token")?;
    let known_bad = matches!(member.standing.health, Health::Quarantined { .. }) && member.is_refused();
    rule(!known_bad, "sends no refused token of a dead grant")?;
    let first = !ledger.sent.iter().any(|sent| sent.fence.id == lease.fence.id);
    let rests = matches!(
        readiness(member, Duration::ZERO, &world.now),
        Readiness::NotBefore { .. }
    );
    let quiet = world
        .view
        .pool(&lease.provider)
        .and_then(|pool| pool.traffic.last(&lease.fence.id));
    let probe = quiet.is_none_or(|last| world.now.boot.since(last) >= secs(5));
    rule(!first || ahead || !rests || probe, "disturbs no cooldown")
}

fn hand(machine: &Attempt) -> Option<&Hand> {
    match &machine.doing {
        Doing::Sending(hand) | Doing::Renewing(hand, _) | Doing::Rereading(hand) | Doing::Pausing(hand) => Some(hand),
        Doing::Choosing | Doing::Falling | Doing::Listening => None,
    }
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
fn disturbed(world: &World, hand: Option<&Hand>) -> Vec<World> {
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
            member.lease.fence.epoch = member.lease.fence.epoch.next();
        }),
        changed(&|member, _| member.standing.disabled = true),
        changed(&|member, now| member.standing.health = quarantined(now.wall)),
        changed(&|member, _| member.standing.refused = Some(member.lease.fence.generation)),
    ]
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
    fn new() -> Self {
        Self {
            began: Instant::now(),
            beginnings: 0,
            states: 0,
            steps: 0,
            longest: 0,
            histories: 0,
        }
    }

    fn walk(&mut self, walk: &mut Walk, world: &World) -> Result<(), Broken> {
        let reach = walk.begin(world)?;
        self.beginnings += 1;
        self.longest = self.longest.max(reach.longest);
        self.histories = self.histories.saturating_add(reach.histories);
        Ok(())
    }

    fn print(&self, what: &str) {
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

    fn close(&mut self, walk: &Walk) {
        self.states += walk.seen.len() as u64;
        self.steps += walk.steps;
    }
}

fn one_provider(a: Sort, b: Sort) -> World {
    World::new(&[("p", &[("a", a), ("b", b)])])
}

fn two_providers(a: Sort, b: Sort) -> World {
    World::new(&[("p", &[("a", a)]), ("q", &[("b", b)])])
}

#[test]
fn walk_two_credentials() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p"], true, true));
    for sort in SORTS {
        found.walk(&mut walk, &one_provider(sort, Sort::Proven)).unwrap();
        found.walk(&mut walk, &one_provider(Sort::Proven, sort)).unwrap();
    }
    found.close(&walk);
    found.print("two credentials, one provider");
}

#[test]
fn walk_two_credentials_without_replay() {
    let mut found = Found::new();
    for (refused, ambiguous) in [(true, false), (false, false)] {
        let mut walk = Walk::new(plan(&["p"], refused, ambiguous));
        for sort in SORTS {
            found.walk(&mut walk, &one_provider(sort, Sort::Key)).unwrap();
        }
        found.close(&walk);
    }
    found.print("two credentials, one provider, not all may be replayed");
}

#[test]
fn walk_two_providers() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p", "q"], true, true));
    (walk.entropy, walk.alphabet) = (u64::MAX - 1, &EACH);
    for sort in SORTS {
        found.walk(&mut walk, &two_providers(sort, Sort::Key)).unwrap();
    }
    found.close(&walk);
    found.print("two credentials, two providers");
}

#[test]
fn walk_disturbed() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p"], true, true));
    (walk.disturbed, walk.alphabet) = (true, &EACH);
    for sort in [Sort::Proven, Sort::Newborn, Sort::Lapsed, Sort::BorrowedLapsed] {
        found.walk(&mut walk, &one_provider(sort, Sort::Key)).unwrap();
    }
    found.close(&walk);
    found.print("two credentials, one of them changed by others on the way");
}

#[test]
fn walk_three_credentials() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p", "q"], true, true));
    walk.alphabet = &EACH;
    let world = World::new(&[
        ("p", &[("a", Sort::Proven), ("b", Sort::Lapsed)]),
        ("q", &[("c", Sort::Key)]),
    ]);
    found.walk(&mut walk, &world).unwrap();
    found.close(&walk);
    found.print("three credentials, two providers");
}

#[test]
fn walk_finds_a_planted_fault() {
    check_planted("renews only what a renewal can mend", |verdict| match verdict {
        Verdict::NotEntitled => Course::Renew,
        other => course(other),
    });
    check_planted("renews only what a renewal can mend", |verdict| match verdict {
        Verdict::OutOfCredit => Course::Settle,
        other => course(other),
    });
    check_planted("no unsafe replay", |verdict| match verdict {
        Verdict::ServerError => Course::Again,
        other => course(other),
    });
    check_planted("the log hears of each refusal", |verdict| match verdict {
        Verdict::RateLimited => Course::AsItIs,
        other => course(other),
    });
}

#[track_caller]
fn check_planted(broken: &str, wrong: fn(Verdict) -> Course) {
    let mut walk = Walk::new(plan(&["p"], true, false));
    walk.course = wrong;
    let told = walk.begin(&one_provider(Sort::Proven, Sort::Proven));
    let told = told.map(|_| ()).unwrap_err();
    assert!(told.starts_with(broken), "{told}");
    println!("planted fault found after {} steps: {broken}", walk.steps);
}

/// One verdict of each course.
const EACH: [Verdict; 9] = [
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
