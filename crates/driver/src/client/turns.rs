//! The machine's turns: what it is shown, what it says, and what is done at once about what it says.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Fence, Material, ProviderId};
use evergrant_engine::pool::{Lease, Member, Roster, Strategy, View};
use evergrant_engine::recovery::attempt::{Action, Attempt, Cue, Input, Note, Plan, Recorded, Step};
use evergrant_engine::store::Record;
use evergrant_engine::time::Moment;
use evergrant_engine::verdict::Place;
use http::HeaderValue;
use tracing::info;

use super::earnings::Earnings;
use crate::account::as_it_is_here;
use crate::clock::Clock;
use crate::entropy::jitter;
use crate::ledger::{Ledger, Picture};
use crate::settings::Environment;

/// Where the steps of requests go, one list a request, if anyone wants them.
pub type AttemptRecorder = Arc<Mutex<Vec<Vec<Recorded>>>>;

/// What all requests of a process share.
pub(super) struct Turns {
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    earnings: Earnings,
    environment: Environment,
    recorder: Option<AttemptRecorder>,
    scene: Mutex<Scene>,
}

/// The pools as the machine is shown them, made anew when the picture changes.
#[derive(Default)]
struct Scene {
    picture: Option<Arc<Picture>>,
    view: View,
    presented: HashMap<CredentialId, Presented>,
}

/// A credential in the form in which requests carry it.
struct Presented {
    fence: Fence,
    bearer: bool,
    value: HeaderValue,
}

/// One request's place in the record.
#[derive(Default)]
pub(super) struct Run(Option<usize>);

impl Turns {
    pub(super) fn new(
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        earnings: Earnings,
        environment: Environment,
        recorder: Option<AttemptRecorder>,
    ) -> Self {
        Self {
            ledger,
            clock,
            earnings,
            environment,
            recorder,
            scene: Mutex::default(),
        }
    }

    /// Knows these providers, and how to choose among their credentials.
    pub(super) fn take_up(&self, places: impl Iterator<Item = Place>, strategies: &BTreeMap<ProviderId, Strategy>) {
        let mut scene = self.scene.lock().unwrap_or_else(PoisonError::into_inner);
        for place in places {
            let strategy = strategies.get(&place.provider).copied().unwrap_or_default();
            scene.view.choose_by(&place.provider, strategy);
            scene.view.describe(Arc::new(place));
        }
    }

    /// Both clocks.
    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The first step of a request.
    pub(super) fn begin(&self, plan: Plan) -> (Run, Step) {
        let mut run = Run::default();
        if let Some(recorder) = &self.recorder {
            let mut runs = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            runs.push(Vec::new());
            run.0 = Some(runs.len() - 1);
        }
        let cue = self.recorder.as_ref().map(|_| Cue::Begin(plan.clone()));
        let step = self.turn(&run, cue, |view, now, entropy| Attempt::begin(plan, view, now, entropy));
        (run, step)
    }

    /// The step that follows from what happened.
    pub(super) fn go_on(&self, run: &mut Run, machine: Attempt, input: Input) -> Step {
        let cue = self.recorder.as_ref().map(|_| Cue::Input(input.clone()));
        self.turn(run, cue, |view, now, entropy| machine.handle(input, view, now, entropy))
    }

    /// The lease that can be used now in place of this one, the same or newer, and what a request under it carries.
    pub(super) fn present(&self, lease: &Lease, bearer: bool) -> Option<(Lease, HeaderValue)> {
        let mut scene = self.scene();
        let scene = &mut *scene;
        let record = scene.picture.as_ref()?.record(&lease.fence.id)?;
        let fence = record.fence();
        let cached = scene.presented.get(&fence.id);
        if let Some(presented) = cached.filter(|cached| cached.fence == fence && cached.bearer == bearer) {
            return Some((lease.at(&fence), presented.value.clone()));
        }
        let value = self.header_value(record, bearer)?;
        let presented = Presented {
            fence: fence.clone(),
            bearer,
            value: value.clone(),
        };
        scene.presented.insert(fence.id.clone(), presented);
        Some((lease.at(&fence), value))
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

    fn turn(&self, run: &Run, cue: Option<Cue>, step: impl FnOnce(&View, &Moment, u64) -> Step) -> Step {
        let (now, entropy) = (self.clock.now(), jitter());
        let step = {
            let mut scene = self.scene();
            let seen = cue.map(|cue| (cue, scene.view.clone()));
            let step = step(&scene.view, &now, entropy);
            if let Action::Send(lease) = &step.action {
                scene.view.sent(lease, &now);
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
            tell(note);
        }
        step
    }

    fn record(&self, run: &Run, cue: Cue, view: View, now: Moment, entropy: u64, step: &Step) {
        let Some(recorder) = &self.recorder else { return };
        let mut runs = recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(steps) = run.0.and_then(|place| runs.get_mut(place)) {
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
        let picture = self.ledger.picture();
        let mut scene = self.scene.lock().unwrap_or_else(PoisonError::into_inner);
        if !scene.picture.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, &picture)) {
            self.set(&mut scene, picture);
        }
        scene
    }

    fn set(&self, scene: &mut Scene, picture: Arc<Picture>) {
        let mut rosters: HashMap<ProviderId, Vec<Record>> = HashMap::new();
        let before = scene.picture.iter().flat_map(|picture| picture.records());
        for record in before {
            // A provider whose last credential has gone has an empty roster.
            rosters.entry(record.provider.clone()).or_default();
        }
        for record in picture.records() {
            let shown = as_it_is_here(record, &self.environment);
            rosters.entry(record.provider.clone()).or_default().push(shown);
        }
        for (provider, records) in rosters {
            scene.view.enroll(&provider, Arc::new(Roster::new(&records)));
        }
        scene.presented.retain(|id, presented| {
            picture
                .record(id)
                .is_some_and(|record| record.fence() == presented.fence)
        });
        scene.picture = Some(picture);
    }

    fn header_value(&self, record: &Record, bearer: bool) -> Option<HeaderValue> {
        let secret = match &record.material {
            Material::Grant(grant) => grant.access_token.expose().as_str(),
            Material::ApiKey(key) => key.expose().as_str(),
            Material::Borrowed { access_token, .. } => access_token.expose().as_str(),
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
