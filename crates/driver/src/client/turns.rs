//! The machine's turns: what it is shown, what it says, and what is done at once about what it says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::Guard;
use evergrant_engine::credential::{CredentialId, Fence, Material, ProviderId};
use evergrant_engine::named::ByName;
use evergrant_engine::pool::{Cooldowns, Holder, Lease, Member, Roster, Strategy, View};
use evergrant_engine::recovery::attempt::{Action, Attempt, Cue, Input, Note, Plan, Recorded, Step};
use evergrant_engine::store::Record;
use evergrant_engine::time::Moment;
use evergrant_engine::verdict::{Channel, Place};
use evergrant_engine::wire::Phase;
use http::HeaderValue;
use tracing::info;

use super::earnings::Earnings;
use crate::account::as_it_is_here;
use crate::clock::Clock;
use crate::entropy::jitter;
use crate::ledger::Ledger;
use crate::measures::Measures;
use crate::picture::Picture;
use crate::settings::Environment;

/// Where the steps of requests go, one list a request, if anyone wants them.
pub type AttemptRecorder = Arc<Mutex<Vec<Vec<Recorded>>>>;

/// What all requests of a process share.
pub(super) struct Turns {
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    measures: Arc<Measures>,
    earnings: Earnings,
    environment: Environment,
    recorder: Option<AttemptRecorder>,
    /// How many requests there were.
    requests: AtomicU64,
    scene: Mutex<Scene>,
}

/// The pools as the machine is shown them, made anew when the picture changes.
#[derive(Default)]
struct Scene {
    picture: Option<Arc<Picture>>,
    view: View,
    presented: ByName<CredentialId, Presented>,
}

/// A credential in the form in which requests carry it.
struct Presented {
    fence: Fence,
    bearer: bool,
    value: HeaderValue,
}

/// How a provider's credentials are treated.
pub(super) struct Custom {
    pub(super) place: Place,
    pub(super) strategy: Strategy,
    pub(super) cooldowns: Cooldowns,
}

/// What a choice regards of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Regard {
    pub(super) conversation: bool,
    pub(super) model: bool,
}

/// What is known of one request from step to step.
#[derive(Default)]
pub(super) struct Run {
    /// Its place in the record.
    place: Option<usize>,
    /// What it is to carry, found in the same turn in which it was told to be sent.
    carried: Option<Carried>,
}

/// What a request carries under a lease that has just been chosen.
struct Carried {
    bearer: bool,
    value: HeaderValue,
}

/// The pools, looked at for as long as nobody changes them.
pub(super) struct Sight<'a>(MutexGuard<'a, Scene>);

impl Turns {
    pub(super) fn new(
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        measures: Arc<Measures>,
        earnings: Earnings,
        environment: Environment,
        recorder: Option<AttemptRecorder>,
    ) -> Self {
        Self {
            ledger,
            clock,
            measures,
            earnings,
            environment,
            recorder,
            requests: AtomicU64::default(),
            scene: Mutex::default(),
        }
    }

    /// Knows these providers, and how to choose among their credentials.
    pub(super) fn take_up(&self, customs: impl Iterator<Item = Custom>) {
        let mut scene = self.scene.lock().unwrap_or_else(PoisonError::into_inner);
        for custom in customs {
            let provider = custom.place.provider.clone();
            scene
                .view
                .choose_by(&provider, custom.strategy, Arc::new(custom.cooldowns));
            scene.view.describe(Arc::new(custom.place));
        }
    }

    /// The pools as they are now; nobody else chooses meanwhile.
    pub(super) fn sight(&self) -> Sight<'_> {
        Sight(self.scene())
    }

    /// Both clocks.
    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The first step of a request.
    pub(super) fn begin(&self, run: &mut Run, mut plan: Plan) -> Step {
        plan.owner = Holder(self.requests.fetch_add(1, Ordering::Relaxed) + 1);
        if let Some(recorder) = &self.recorder {
            let mut runs = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            runs.push(Vec::new());
            run.place = Some(runs.len() - 1);
        }
        let cue = self.recorder.as_ref().map(|_| Cue::Begin(plan.clone()));
        self.turn(run, cue, |view, now, entropy| Attempt::begin(plan, view, now, entropy))
    }

    /// The step that follows from what happened.
    pub(super) fn go_on(&self, run: &mut Run, machine: Attempt, input: Input) -> Step {
        count(&self.measures, &input);
        let cue = self.recorder.as_ref().map(|_| Cue::Input(input.clone()));
        self.turn(run, cue, |view, now, entropy| machine.handle(input, view, now, entropy))
    }

    /// What a request carries under a lease, which becomes the one that can be used now in its place, the same or newer.
    pub(super) fn present(&self, run: &mut Run, lease: &mut Lease, bearer: bool) -> Option<HeaderValue> {
        if let Some(carried) = run.carried.take().filter(|carried| carried.bearer == bearer) {
            return Some(carried.value);
        }
        let mut scene = self.scene();
        let scene = &mut *scene;
        let record = scene.picture.as_ref()?.record(&lease.fence.id)?;
        let fence = record.fence();
        let cached = scene.presented.get(&fence.id);
        if let Some(presented) = cached.filter(|cached| cached.fence == fence && cached.bearer == bearer) {
            *lease = lease.at(&fence);
            return Some(presented.value.clone());
        }
        let value = self.header_value(record, bearer)?;
        let presented = Presented {
            fence: fence.clone(),
            bearer,
            value: value.clone(),
        };
        scene.presented.insert(fence.id.clone(), presented);
        *lease = lease.at(&fence);
        Some(value)
    }

    /// Whether a newer generation than this is at hand.
    pub(super) fn has_newer(&self, fence: &Fence) -> bool {
        let picture = self.ledger.picture();
        let newer = |record: &Arc<Record>| record.epoch > fence.epoch || record.generation > fence.generation;
        picture.record(&fence.id).is_some_and(newer)
    }

    /// How long a caller may wait for a renewal of this lease's credential before the token in hand is of no use either;
    /// `None` if it is of none already.
    pub(super) fn patience(&self, lease: &Lease, min_valid: Duration) -> Option<Duration> {
        let picture = self.ledger.picture();
        let record = picture.record(&lease.fence.id)?;
        Member::of(record).patience(min_valid, &self.now())
    }

    /// Waits until everything that was earned so far is in the store.
    pub(super) fn settle(&self) {
        self.earnings.settle();
    }

    fn turn(&self, run: &mut Run, cue: Option<Cue>, step: impl FnOnce(&View, &Moment, u64) -> Step) -> Step {
        let (now, entropy) = (self.clock.now(), jitter());
        let step = {
            let mut scene = self.scene();
            let seen = cue.map(|cue| (cue, scene.view.clone()));
            scene.view.advance(&now);
            let step = step(&scene.view, &now, entropy);
            if let Action::Send(lease) = &step.action {
                let model = step.next.as_ref().and_then(Attempt::model);
                scene.view.sent(lease, model, &now);
                let presented = scene.presented.get(&lease.fence.id);
                run.carried = presented
                    .filter(|known| known.fence == lease.fence)
                    .map(|known| Carried {
                        bearer: known.bearer,
                        value: known.value.clone(),
                    });
            }
            if let Some((cue, view)) = seen {
                self.record(run, cue, view, now.clone(), entropy, &step);
            }
            step
        };
        for report in &step.reports {
            self.earnings.credit(report, &now, entropy);
        }
        if let Some(note) = &step.note {
            self.measures.providers.of(&note.provider).acted(note.act);
            tell(note);
        }
        step
    }

    fn record(&self, run: &Run, cue: Cue, view: View, now: Moment, entropy: u64, step: &Step) {
        let Some(recorder) = &self.recorder else { return };
        let mut runs = recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(steps) = run.place.and_then(|place| runs.get_mut(place)) {
            steps.push(Recorded {
                cue,
                view,
                now,
                entropy,
                step: step.clone(),
            });
        }
    }

    /// The scene, up to date with the picture; no disk, and no lock that is held across one.
    fn scene(&self) -> MutexGuard<'_, Scene> {
        let mut scene = self.scene.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = self.ledger.glimpse();
        if !scene.picture.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, &picture)) {
            self.set(&mut scene, Guard::into_inner(picture));
        }
        scene
    }

    /// Takes up a picture: what has changed of it, where the same credentials are there as before.
    fn set(&self, scene: &mut Scene, picture: Arc<Picture>) {
        let before = scene.picture.take().unwrap_or_default();
        let mut anew: ByName<&ProviderId, Vec<Member>> = match picture.changed_since(&before) {
            Some(changed) => {
                let now = self.clock.now();
                let stale = changed.into_iter().filter(|record| {
                    scene.forget_unless(&record.fence());
                    let member = Member::of(&as_it_is_here(record, &self.environment));
                    !scene.view.amend(member, &now)
                });
                stale.map(|record| (&record.provider, Vec::new())).collect()
            }
            None => {
                scene.presented.clear();
                // A provider whose last credential has gone has an empty roster.
                before
                    .records()
                    .chain(picture.records())
                    .map(|record| (&record.provider, Vec::new()))
                    .collect()
            }
        };
        if !anew.is_empty() {
            for record in picture.records() {
                if let Some(members) = anew.get_mut(&record.provider) {
                    members.push(Member::of(&as_it_is_here(record, &self.environment)));
                }
            }
            for (provider, members) in anew {
                scene.view.enroll(provider, Arc::new(Roster::of(members)));
            }
        }
        scene.picture = Some(picture);
    }

    fn header_value(&self, record: &Record, bearer: bool) -> Option<HeaderValue> {
        let secret = match &record.material {
            Material::Grant(grant) => grant.access_token.expose().as_str(),
            Material::ApiKey(key) => key.expose().as_str(),
            Material::Borrowed(borrowed) => borrowed.access_token.expose().as_str(),
            Material::EnvKey(name) => self.environment.value(name)?.trim(),
            Material::Gone => return None,
        };
        let text = if bearer {
            format!("Bearer {secret}")
        } else {
            secret.to_owned()
        };
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl Sight<'_> {
    /// Whether the provider has any credential that was not logged out.
    pub(super) fn has_any(&self, provider: &ProviderId) -> bool {
        let pool = self.0.view.pool(provider);
        pool.is_some_and(|pool| pool.roster.labels().next().is_some())
    }

    /// What the choices along this route regard.
    pub(super) fn regard(&self, route: &[ProviderId]) -> Regard {
        let mut regard = Regard::default();
        for pool in route.iter().filter_map(|provider| self.0.view.pool(provider)) {
            regard.conversation |= pool.strategy == Strategy::Affinity;
            regard.model |= pool.cooldowns.has_limits_by_model();
        }
        regard
    }
}

impl Scene {
    /// Forgets how a credential is presented that has another secret by now.
    fn forget_unless(&mut self, fence: &Fence) {
        if self
            .presented
            .get(&fence.id)
            .is_some_and(|presented| presented.fence != *fence)
        {
            self.presented.remove(&fence.id);
        }
    }
}

/// Counts what a try came to.
fn count(measures: &Measures, input: &Input) {
    match input {
        Input::Answered { lease, reading } => measures
            .providers
            .at(&lease.provider, |of| of.judged(Channel::Inference, reading.verdict)),
        Input::Failed { lease, phase, .. } => measures
            .providers
            .at(&lease.provider, |of| of.unanswered(Channel::Inference, *phase)),
        Input::StreamBroke {
            lease,
            reading,
            released,
        } => {
            let of = measures.providers.of(&lease.provider);
            match reading {
                Some(reading) => of.judged(Channel::Stream, reading.verdict),
                None => of.unanswered(Channel::Stream, Phase::Sent),
            }
            if *released {
                of.broken_streams.one();
            }
        }
        Input::Renewed(_) | Input::Waited | Input::FellBack | Input::Cancelled => {}
    }
}

/// The one line of a repair, or of a refusal that nothing could be done about.
fn tell(note: &Note) {
    let verdict = note.verdict.map_or("no-answer", |verdict| verdict.as_str());
    let what = if note.act.repair().is_some() {
        "repaired"
    } else {
        "not repaired"
    };
    info!(
        provider = %note.provider,
        label = %note.label,
        verdict,
        signal = %note.signal,
        action = note.act.as_str(),
        generation = note.generation.0,
        "{what}"
    );
}
