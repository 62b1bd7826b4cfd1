//! The flights of this process: everyone who wants a grant renewed joins the one that is under way.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evergrant_engine::credential::CredentialId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::renewal::{ANSWER_PATIENCE, Ask, CALLER_PATIENCE, LOCK_PATIENCE, Reason};
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::remedy::Remedy;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use super::perform::perform;
use super::tools::Tools;

/// All renewals of this process.
pub(crate) struct Renewals {
    tools: Arc<Tools>,
    flights: Arc<Mutex<HashMap<CredentialId, Flight>>>,
    /// A runtime of our own, so that dropping a caller's runtime does not end what has been sent.
    runtime: Option<Runtime>,
    traffic: Arc<watch::Sender<Traffic>>,
}

/// The flights under way, for draining.
#[derive(Clone, Copy, Default)]
struct Traffic {
    airborne: usize,
    /// Those that have told nobody yet how they end; the others hold an answer that is not saved.
    untold: usize,
}

/// The end of a flight, once it is known.
type Outcome = Option<Renewed>;

struct Flight {
    reason: Reason,
    outcome: watch::Receiver<Outcome>,
}

impl Renewals {
    /// Prepares the runtime; nothing flies yet.
    pub(crate) fn new(tools: Arc<Tools>) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("evergrant-renewal")
            .enable_all()
            .build()
            .map_err(|error| {
                Failure::new(
                    Code::Internal,
                    format!("no thread for renewals could be started: {error}"),
                )
            })?;
        Ok(Self {
            tools,
            flights: Arc::default(),
            runtime: Some(runtime),
            traffic: Arc::default(),
        })
    }

    /// Renews, or joins whoever does; waits 25 s at most, while the renewal itself goes on.
    pub(crate) async fn renew(&self, ask: Ask, row: Arc<Row>) -> Renewed {
        self.renew_within(ask, row, None).await
    }

    /// The same for a caller who would rather use the token in hand after `patience`.
    pub(crate) async fn renew_within(&self, ask: Ask, row: Arc<Row>, patience: Option<Duration>) -> Renewed {
        if !stands(Protection::Renewal) {
            return still_flying(&ask);
        }
        let patience = patience.map_or(CALLER_PATIENCE, |patience| patience.min(CALLER_PATIENCE));
        let deadline = tokio::time::Instant::now() + patience;
        // A flight that took off for a weaker reason may end without sending where ours must send: then fly once more.
        for _ in 0..2 {
            let (reason, outcome) = self.board(&ask, &row);
            let Ok(renewed) = tokio::time::timeout_at(deadline, ended(outcome, &ask)).await else {
                return still_flying(&ask);
            };
            let held = matches!(
                renewed,
                Renewed::Unusable {
                    obstacle: Obstacle::OutcomeUnknown | Obstacle::Later { .. },
                    ..
                }
            );
            let behind = matches!(&renewed, Renewed::Usable { fence, .. } if fence.generation <= ask.fence.generation
                && fence.epoch <= ask.fence.epoch && ask.reason != Reason::Expiring);
            if reason == ask.reason || !(held || behind) {
                return renewed;
            }
        }
        still_flying(&ask)
    }

    /// The runtime of the renewals, for other work that must outlive its caller.
    pub(crate) fn handle(&self) -> Result<Handle, Failure> {
        let stopped = || Failure::new(Code::Internal, "the driver is closing").with_remedy(Remedy::Report);
        self.runtime
            .as_ref()
            .map(|runtime| runtime.handle().clone())
            .ok_or_else(stopped)
    }

    /// Waits until nothing flies, or the limit is over; answers whether nothing does.
    pub(crate) async fn drain(&self, limit: Duration) -> bool {
        let mut traffic = self.traffic.subscribe();
        tokio::time::timeout(limit, traffic.wait_for(|traffic| traffic.airborne == 0))
            .await
            .is_ok()
    }

    /// Waits until every flight has ended or holds its answer, as long as that can take at most.
    pub(crate) async fn land(&self) {
        landed(self.traffic.subscribe()).await;
    }

    fn board(&self, ask: &Ask, row: &Arc<Row>) -> (Reason, watch::Receiver<Outcome>) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        match flights.entry(ask.fence.id.clone()) {
            Entry::Occupied(flight) if stands(Protection::SingleFlight) => {
                (flight.get().reason, flight.get().outcome.clone())
            }
            entry => {
                let (sender, outcome) = watch::channel(None);
                entry.insert_entry(Flight {
                    reason: ask.reason,
                    outcome: outcome.clone(),
                });
                self.take_off(ask.clone(), Arc::clone(row), sender);
                (ask.reason, outcome)
            }
        }
    }

    fn take_off(&self, ask: Ask, row: Arc<Row>, sender: watch::Sender<Outcome>) {
        let Some(runtime) = &self.runtime else { return };
        let (tools, flights, traffic) = (
            Arc::clone(&self.tools),
            Arc::clone(&self.flights),
            Arc::clone(&self.traffic),
        );
        traffic.send_modify(|traffic| {
            traffic.airborne += 1;
            traffic.untold += 1;
        });
        let landing = Landing {
            id: ask.fence.id.clone(),
            flights,
            traffic,
            told: AtomicBool::new(false),
        };
        runtime.spawn(async move {
            let told = |renewed: Renewed| {
                sender.send_replace(Some(renewed));
                landing.tell();
            };
            let renewed = perform(&tools, ask, row, &told).await;
            // Whoever asks from now on must not join a flight that is over.
            drop(landing);
            sender.send_replace(Some(renewed));
        });
    }
}

impl Drop for Renewals {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let traffic = self.traffic.subscribe();
            let handle = runtime.handle().clone();
            // What has been sent outlives the driver: the runtime goes when the last flight has its answer.
            handle.spawn(async move {
                landed(traffic).await;
                runtime.shutdown_background();
            });
        }
    }
}

/// Takes the flight off the board when it ends, by whatever way it ends.
struct Landing {
    id: CredentialId,
    flights: Arc<Mutex<HashMap<CredentialId, Flight>>>,
    traffic: Arc<watch::Sender<Traffic>>,
    told: AtomicBool,
}

impl Landing {
    /// Whoever waits has been told; only the first time counts.
    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            self.traffic
                .send_modify(|traffic| traffic.untold = traffic.untold.saturating_sub(1));
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.tell();
        self.flights
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
        self.traffic
            .send_modify(|traffic| traffic.airborne = traffic.airborne.saturating_sub(1));
    }
}

/// Waits until every flight has told how it ends; a longer wait than any flight's would be for a fault of ours.
async fn landed(mut traffic: watch::Receiver<Traffic>) {
    let told = traffic.wait_for(|traffic| traffic.untold == 0);
    // Whichever it is, nothing is left to wait for.
    let _ = tokio::time::timeout(FLIGHT_MAX, told).await;
}

async fn ended(mut outcome: watch::Receiver<Outcome>, ask: &Ask) -> Renewed {
    let end = outcome.wait_for(Option::is_some).await.map(|end| end.clone());
    match end {
        Ok(Some(renewed)) => renewed,
        Ok(None) | Err(_) => Renewed::Unusable {
            generation: ask.fence.generation,
            obstacle: Obstacle::Later { after: None },
            failure: Failure::new(Code::Internal, "the renewal ended without a word").with_remedy(Remedy::Report),
        },
    }
}

fn still_flying(ask: &Ask) -> Renewed {
    let failure = Failure::new(
        Code::Timeout,
        "the provider's token endpoint has not answered yet; the renewal goes on",
    )
    .with_remedy(Remedy::Wait { until: None });
    Renewed::Unusable {
        generation: ask.fence.generation,
        obstacle: Obstacle::Later { after: None },
        failure,
    }
}

/// A lock waited for, an answer waited for, and 20 s for connection, backoff and commit.
const FLIGHT_MAX: Duration = LOCK_PATIENCE
    .saturating_add(ANSWER_PATIENCE)
    .saturating_add(Duration::from_secs(20));
