//! What must hold at each step of a walk.

use std::time::Duration;

use super::action::{Action, Step};
use super::course::{Course, course};
use super::input::{Input, Plan};
use super::limits;
use super::world_tests::{World, secs};
use crate::credential::CredentialId;
use crate::failure::Code;
use crate::pool::{Lease, Outcome, Readiness, readiness};
use crate::recovery::renewal::Reason;
use crate::store::Health;
use crate::vocabulary::Verdict;
use crate::wire::Phase;

/// What has happened so far, as far as an invariant asks for it.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Ledger {
    /// Who was renewed.
    pub(super) renewed: Vec<CredentialId>,
    /// The newest generation sent with each credential.
    pub(super) sent: Vec<Lease>,
    /// The newest answer's verdict and who earned it.
    pub(super) answer: Option<(CredentialId, Verdict)>,
    /// An answer that could be handed on.
    pub(super) at_hand: bool,
    /// A refusal of which the log has not heard.
    pub(super) unheard: bool,
    /// The client has its answer.
    pub(super) delivered: bool,
    /// The one change that others made.
    pub(super) disturbed: bool,
}

/// What was broken.
pub(super) type Broken = String;

/// The invariants.
pub(super) fn check(
    plan: &Plan,
    input: Option<&Input>,
    step: &Step,
    ledger: &mut Ledger,
    world: &World,
) -> Result<(), Broken> {
    let blamed = match input {
        Some(Input::Answered { lease, .. } | Input::Failed { lease, .. } | Input::StreamBroke { lease, .. }) => {
            Some(lease)
        }
        Some(Input::Renewed(_) | Input::Waited | Input::FellBack | Input::Cancelled) | None => None,
    };
    let verdict = match input {
        Some(Input::Answered { reading, .. }) => Some(reading.verdict),
        Some(Input::StreamBroke { reading, .. }) => reading.as_ref().map(|reading| reading.verdict),
        Some(Input::Failed { .. } | Input::Renewed(_) | Input::Waited | Input::FellBack | Input::Cancelled) | None => {
            None
        }
    };
    remember(input, verdict, blamed, ledger);
    hear(verdict, input, step, ledger)?;
    act(plan, input, step, ledger, world)?;
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
            Outcome::Doubted(_) => verdict == Some(Verdict::Unauthenticated),
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
fn hear(verdict: Option<Verdict>, input: Option<&Input>, step: &Step, ledger: &mut Ledger) -> Result<(), Broken> {
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

fn remember(input: Option<&Input>, verdict: Option<Verdict>, blamed: Option<&Lease>, ledger: &mut Ledger) {
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

fn act(plan: &Plan, input: Option<&Input>, step: &Step, ledger: &mut Ledger, world: &World) -> Result<(), Broken> {
    let ends = matches!(step.action, Action::Deliver(_) | Action::Fail(_) | Action::Close);
    rule(
        !ledger.delivered || step.action == Action::Close,
        "one answer, and nothing after it",
    )?;
    if let Some(Input::StreamBroke { released: true, .. }) = input {
        rule(ends, "nothing is sent again after a byte went out")?;
    }
    rule(
        !is_ambiguous(input) || plan.replay.ambiguous || ends,
        "no unsafe replay",
    )?;
    if let Some(machine) = &step.next {
        rule(machine.fallbacks <= limits::FALLBACKS, "fallbacks are limited")?;
        rule(machine.tried.len() <= limits::CREDENTIALS, "credentials are limited")?;
        let late = world.now.since(&machine.begun) >= plan.time;
        rule(!late || ends, "nothing begins after the time is up")?;
    }
    match &step.action {
        Action::Send(lease) => {
            rule(
                step.tally.tries <= 1 || plan.replay.refused,
                "a body that is gone is not sent",
            )?;
            rule(lease.owner == plan.owner, "sends under a lease of its own")?;
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
        Action::FallBack(provider) => rule(plan.route.contains(provider), "falls back along the route")?,
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
