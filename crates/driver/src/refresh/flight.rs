//! The flights of this process: everyone who wants a grant renewed joins the one that is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Epoch, Fence};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::pool::Member;
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::renewal::{Ask, CALLER_PATIENCE, Reason};
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::remedy::Remedy;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use super::board::{Board, Boarded, Pilot, Seat};
use super::perform::perform;
use super::tools::Tools;

/// All renewals of this process.
pub(crate) struct Renewals {
    tools: Arc<Tools>,
    board: Board<CredentialId, Wish, Renewed>,
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

/// What a flight took off for.
#[derive(Clone, Copy)]
struct Wish {
    reason: Reason,
    epoch: Epoch,
}

impl Wish {
    /// Whether who joined a flight of this wish may hold on to its end, though it asked for something else: a flight for
    /// another reason may end without sending where ours must send, and one of an older login knows nothing of ours.
    fn settles(self, ask: &Ask, renewed: &Renewed) -> bool {
        match renewed {
            Renewed::Unusable { obstacle, .. } => {
                let held = matches!(obstacle, Obstacle::OutcomeUnknown | Obstacle::Later { .. });
                self.epoch >= ask.fence.epoch && (self.reason == ask.reason || !held)
            }
            Renewed::Usable { fence, .. } => {
                let behind = fence.generation <= ask.fence.generation && fence.epoch <= ask.fence.epoch;
                let unasked = behind && ask.reason != Reason::Expiring;
                fence.epoch >= ask.fence.epoch && !unasked
            }
        }
    }
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
            board: Board::default(),
            runtime: Some(runtime),
            traffic: Arc::default(),
        })
    }

    /// Renews, or joins whoever does; waits 25 s at most, while the renewal itself goes on.
    pub(crate) async fn renew(&self, ask: Ask, row: Arc<Row>) -> Renewed {
        self.renew_within(ask, row, None).await
    }

    /// The same for a caller who would rather use the token in hand after `patience`.
    pub(crate) async fn renew_within(&self, mut ask: Ask, row: Arc<Row>, patience: Option<Duration>) -> Renewed {
        if !stands(Protection::Renewal) {
            return still_flying(&ask);
        }
        if !stands(Protection::Uncancellable) {
            return Box::pin(perform(&self.tools, ask, row, &|_| {})).await;
        }
        let patience = patience.map_or(CALLER_PATIENCE, |patience| patience.min(CALLER_PATIENCE));
        let deadline = tokio::time::Instant::now() + patience;
        // Only then can what is brought have lapsed on the way; a clock that races would find everything lapsed.
        let mut graceful = row.oauth().is_some_and(|oauth| !oauth.reuse_grace.is_zero());
        // What we join may end without what we need: then once more, which we fly, or join as theirs who needed it too.
        for _ in 0..BOARDINGS {
            let (wish, seat) = self.board(&ask, &row);
            let Ok(renewed) = tokio::time::timeout_at(deadline, ended(seat, &ask)).await else {
                return still_flying(&ask);
            };
            if let Some(fence) = self.lapsed(&renewed).filter(|_| graceful) {
                graceful = false;
                ask.fence = fence;
                ask.reason = Reason::Expiring;
            } else if wish.is_none_or(|wish| wish.settles(&ask, &renewed)) {
                return renewed;
            }
        }
        still_flying(&ask)
    }

    /// The generation that was minted, if its token has lapsed already: inside a reuse grace a replay brings the pair of
    /// the send before. The renewal after it spends another token, and is no replay.
    fn lapsed(&self, renewed: &Renewed) -> Option<Fence> {
        let Renewed::Usable {
            fence,
            minted: true,
            saved: true,
        } = renewed
        else {
            return None;
        };
        let picture = self.tools.ledger.picture();
        let record = picture.record(&fence.id).filter(|record| record.fence() == *fence)?;
        let left = Member::of(record).remaining(&self.tools.clock.now())?;
        left.is_zero().then(|| fence.clone())
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

    /// A seat in the grant's flight, and the wish it took off for if that is not ours.
    fn board(&self, ask: &Ask, row: &Arc<Row>) -> (Option<Wish>, Seat<Renewed>) {
        let wish = Wish {
            reason: ask.reason,
            epoch: ask.fence.epoch,
        };
        match self.board.board(&ask.fence.id, wish) {
            Boarded::Joined(wish, seat) => (Some(wish), seat),
            Boarded::TookOff(pilot, seat) => {
                self.take_off(ask.clone(), Arc::clone(row), pilot);
                (None, seat)
            }
        }
    }

    fn take_off(&self, ask: Ask, row: Arc<Row>, pilot: Pilot<CredentialId, Wish, Renewed>) {
        let Some(runtime) = &self.runtime else { return };
        let (tools, departure) = (Arc::clone(&self.tools), Departure::of(&self.traffic));
        runtime.spawn(async move {
            let told = |renewed: Renewed| {
                pilot.tell(renewed);
                departure.tell();
            };
            let renewed = perform(&tools, ask, row, &told).await;
            pilot.land(renewed);
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

/// Counts a flight until it has ended, by whatever way it ends.
struct Departure {
    traffic: Arc<watch::Sender<Traffic>>,
    told: AtomicBool,
}

impl Departure {
    fn of(traffic: &Arc<watch::Sender<Traffic>>) -> Self {
        traffic.send_modify(|traffic| {
            traffic.airborne += 1;
            traffic.untold += 1;
        });
        Self {
            traffic: Arc::clone(traffic),
            told: AtomicBool::new(false),
        }
    }

    /// Whoever waits has been told; only the first time counts.
    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            self.traffic
                .send_modify(|traffic| traffic.untold = traffic.untold.saturating_sub(1));
        }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.tell();
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

async fn ended(seat: Seat<Renewed>, ask: &Ask) -> Renewed {
    match seat.outcome().await {
        Some(renewed) => renewed,
        None => Renewed::Unusable {
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

/// 3: a flight that was under way, one that took off for somebody else in between, and ours.
const BOARDINGS: usize = 3;

/// 5 min: two locks waited for, a claim that must age, a hold sat out, an answer waited for, and a store that is busy at
/// each step come to some 200 s; longer is a fault of ours.
const FLIGHT_MAX: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use evergrant_engine::credential::{Fence, Generation};
    use evergrant_engine::recovery::renewal::Asker;

    use super::*;

    fn fence(generation: u64, epoch: u64) -> Fence {
        Fence {
            id: "id".into(),
            generation: Generation(generation),
            epoch: Epoch(epoch),
        }
    }

    /// Asked about generation 3 of epoch 2, having joined a flight of this epoch and reason that ended so.
    #[track_caller]
    fn check(epoch: u64, reason: Reason, renewed: &Renewed, settled: bool) {
        let ask = Ask {
            fence: fence(3, 2),
            reason: Reason::Refused,
            asker: Asker::Request,
            min_valid: Duration::ZERO,
        };
        let wish = Wish {
            reason,
            epoch: Epoch(epoch),
        };
        assert_eq!(wish.settles(&ask, renewed), settled, "{epoch} {reason:?} {renewed:?}");
    }

    #[test]
    fn the_end_of_a_flight_settles_what_it_took_off_for() {
        let usable = |fence| Renewed::Usable {
            fence,
            minted: true,
            saved: true,
        };
        let unusable = |obstacle| Renewed::Unusable {
            generation: Generation(3),
            obstacle,
            failure: Failure::new(Code::Transient, "later"),
        };
        let later = Obstacle::Later { after: None };
        check(2, Reason::Refused, &usable(fence(4, 2)), true);
        check(2, Reason::Refused, &usable(fence(3, 2)), false);
        check(2, Reason::Refused, &unusable(later), true);
        // Another reason may not send where ours must.
        check(2, Reason::Wanted, &unusable(later), false);
        check(2, Reason::Wanted, &unusable(Obstacle::OutcomeUnknown), false);
        check(2, Reason::Wanted, &unusable(Obstacle::Dead), true);
        // What an older login has come to says nothing of this one; what it found of this one does.
        check(1, Reason::Refused, &unusable(Obstacle::Dead), false);
        check(1, Reason::Refused, &unusable(Obstacle::LoggedOut), false);
        check(1, Reason::Refused, &usable(fence(4, 1)), false);
        check(1, Reason::Refused, &usable(fence(4, 2)), true);
    }
}
