//! The one client: it does what the machine of a request says, and tells it what happened, until there is an answer.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::credential::{Fence, Label, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::pool::{Conversation, Cooldowns, Holder, Lease};
use evergrant_engine::provider::{Row, Table};
use evergrant_engine::recovery::attempt::{Action, Attempt, Input, Plan, Renew, Replay, limits};
use evergrant_engine::recovery::renewal::{Ask, Asker};
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::time::Moment;
use evergrant_engine::verdict::Place;
use http::{Response, StatusCode};
use tokio::time::{Instant, sleep, sleep_until};

use super::address::Address;
use super::answer_body::AnswerBody;
use super::body::{Body, Budget};
use super::call::{Answer, Call, Route, Spent, Trail};
use super::coming::BodyError;
use super::conversing::{Thread, Threads};
use super::counting::{Counting, check_path, counting};
use super::dress::{Undressed, place_of_credential};
use super::earnings::Earnings;
use super::exchange::{Held, unanswered, unsent};
use super::explaining::complaint;
use super::listener::Listener;
use super::model_path::PathModel;
use super::outgoing::{Outgoing, Replayable};
use super::put_off::check_not_put_off;
use super::rereading::{reread, unusable};
use super::route::way;
use super::skim::{Skim, Skimmed};
use super::steps;
use super::turns::{AttemptRecorder, Custom, Run, Turns};
use super::weight::form_and_weight;
use super::withheld::withhold_from_client;
use crate::admission::Guest;
use crate::clock::Clock;
use crate::http::{Network, Pooled, PooledLimits};
use crate::import::Borrowing;
use crate::ledger::Ledger;
use crate::measures::Measures;
use crate::refresh::Renewals;
use crate::settings::{Environment, Route as ModelRoute, Settings};
use crate::store::Store;
use crate::turn_time::exact;
use crate::usage::{Books, Entry, Spending, Weight};
use crate::waited::waited;

/// What the client is made of.
pub(crate) struct Parts {
    pub(crate) network: Arc<Network>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) measures: Arc<Measures>,
    pub(crate) environment: Environment,
    pub(crate) recorder: Option<AttemptRecorder>,
    pub(crate) books: Arc<Books>,
}

/// The one client of a driver.
pub(crate) struct Client {
    pooled: Pooled<Outgoing>,
    turns: Arc<Turns>,
    threads: Arc<Threads>,
    budget: Budget,
    measures: Arc<Measures>,
    books: Arc<Books>,
}

/// What else a request needs, as it is now.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) table: &'a Table,
    pub(crate) counts_usage: bool,
    pub(crate) routes: &'a [ModelRoute],
    pub(crate) renewals: &'a Renewals,
    pub(crate) borrowing: &'a Arc<Borrowing>,
}

/// What the machine says last: to hand on the newest answer.
struct Delivery {
    run: Run,
    machine: Option<Attempt>,
    refusal: Option<Box<Failure>>,
}

/// One request on its way.
struct Errand<'a> {
    client: &'a Client,
    around: Surroundings<'a>,
    request: Undressed,
    body: Replayable,
    /// The newest answer; kept until a newer one comes.
    held: Option<Held>,
    conversation: Option<Conversation>,
    trail: Trail,
    guest: Guest,
    /// How it is counted what it uses.
    counting: Counting,
    /// The model that it asks for, if what it uses is counted.
    model: Option<Arc<str>>,
}

impl Client {
    pub(crate) fn new(parts: Parts) -> Result<Self, Failure> {
        let earnings = Earnings::new(Arc::clone(&parts.ledger), parts.store, Arc::clone(&parts.measures))?;
        let turns = Turns::new(
            Arc::clone(&parts.ledger),
            parts.clock,
            Arc::clone(&parts.measures),
            earnings,
            parts.environment,
            parts.recorder,
        );
        Ok(Self {
            pooled: Pooled::new(parts.network),
            turns: Arc::new(turns),
            threads: Arc::default(),
            budget: Budget::default(),
            measures: parts.measures,
            books: parts.books,
        })
    }

    /// Knows providers, and how their credentials are chosen, as they are set now.
    pub(crate) fn take_up(&self, settings: &Settings) {
        let customs = settings.table.rows().map(|row| {
            let own = settings.pools.get(&row.id).cloned().unwrap_or_default();
            Custom {
                place: Place::of(row),
                strategy: own.strategy,
                cooldowns: Cooldowns::of(&row.pauses, &own.pauses),
            }
        });
        self.turns.take_up(customs);
    }

    /// A body that is still coming.
    pub(crate) fn body<B>(&self, body: B) -> Body
    where
        B: http_body::Body<Data = Bytes, Error: Into<BodyError>> + Send + 'static,
    {
        Body::coming(body, &self.budget)
    }

    /// How many bytes are kept of requests for replay, and how many may be.
    pub(crate) fn kept(&self) -> (u64, u64) {
        self.budget.read()
    }

    /// Waits until what requests have shown is in the store; blocks.
    pub(crate) fn settle(&self) {
        self.turns.settle();
    }

    /// Sends a request, repairs what can be repaired, and answers with what the provider said last; so many bytes of its address
    /// stand above a provider's base. Dropping the future or the answer's body cancels the request, but never a renewal.
    pub(crate) async fn send(
        &self,
        call: Box<Call>,
        above: usize,
        guest: Guest,
        around: Surroundings<'_>,
    ) -> Result<Answer, (Failure, Trail)> {
        let none = |failure| (failure, Trail::default());
        let Call { request, route, pin } = *call;
        let (mut parts, body) = request.into_parts();
        let address = Address::new(std::mem::take(&mut parts.uri), above);
        let (way, regard) = {
            let sight = self.turns.sight();
            let has_any = |id: &ProviderId| guest.may_ask(id) && sight.has_any(id);
            let mut way = way(&route, address.path(), around.table, around.routes, has_any).map_err(none)?;
            guest.keep_to_its_own(&mut way.providers).map_err(none)?;
            let regard = sight.regard(&way.providers);
            (way, regard)
        };
        let request = Undressed::new(parts, address, guest.has_budget()).map_err(none)?;
        check_path(&request, &guest).map_err(none)?;
        let named = body.named.clone();
        let (body, took) = waited(pin!(body.into_replayable())).await;
        let body = body.map_err(none)?;
        let pieces = body.pieces();
        check_not_put_off(&request, &guest, pieces).await.map_err(none)?;
        let spent = Spent {
            body: took,
            ..Spent::default()
        };
        let pieces = pieces.unwrap_or_default();
        let is_listed = request.is_listed(&way.providers, around.table);
        // A budget is held whatever else is counted.
        let counting = if around.counts_usage || guest.has_budget() {
            counting(&request, &guest)
        } else {
            Counting::Nothing
        };
        let is_counted = counting == Counting::Booked;
        let skimmed = if regard.conversation || regard.model || is_listed {
            Skim::all(pieces)
        } else if is_counted && named.is_none() && !matches!(route, Route::Model(_)) {
            Skim::model_alone(pieces)
        } else {
            Skimmed::default()
        };
        let conversation = || self.threads.conversation(request.headers(), &skimmed, pieces);
        let model = match &route {
            Route::Model(model) => Some(model.as_str()),
            Route::Provider(_) | Route::Any => named.as_deref().or(skimmed.model.as_deref()),
        };
        let in_path = || PathModel::of(request.method(), request.path()).map(|model| Arc::from(model.name()));
        let counted_model = is_counted.then(|| model.map(Arc::from).or_else(in_path)).flatten();
        let is_safe = request.method().is_safe() || (is_listed && !skimmed.leaves_something);
        let plan = Plan {
            // Its number is given when it begins.
            owner: Holder::default(),
            replay: Replay {
                refused: body.is_whole(),
                ambiguous: body.is_whole() && is_safe,
            },
            conversation: regard.conversation.then(conversation).flatten(),
            model: model.filter(|_| regard.model).map(Arc::from),
            route: way.providers,
            pin,
            min_valid: Duration::ZERO,
            probes: true,
            time: limits::TOTAL,
        };
        let trail = Trail {
            replayable: body.is_whole(),
            skipped: way.skipped,
            spent,
            ..Trail::default()
        };
        let mut errand = Errand {
            client: self,
            around,
            request,
            body,
            held: None,
            conversation: plan.conversation,
            trail,
            guest,
            counting,
            model: counted_model,
        };
        match errand.run(plan).await {
            Ok(delivery) => match errand.held.take() {
                Some(held) => Ok(errand.deliver(held, delivery)),
                None => {
                    let none = || lost("there was no answer to hand on");
                    Err((delivery.refusal.map_or_else(none, |failure| *failure), errand.trail))
                }
            },
            Err(failure) => Err((failure, errand.trail)),
        }
    }

    /// The lease under which a request would be sent now, after a renewal if it needs one; and how that renewal ended.
    pub(crate) async fn lease(
        &self,
        provider: &ProviderId,
        pin: Option<&Label>,
        min_valid: Duration,
        around: Surroundings<'_>,
    ) -> Result<(Lease, Option<Renewed>), Failure> {
        let plan = Plan {
            // Its number is given when it begins.
            owner: Holder::default(),
            route: vec![provider.clone()],
            pin: pin.cloned(),
            conversation: None,
            model: None,
            replay: Replay {
                refused: false,
                ambiguous: false,
            },
            min_valid,
            // Nobody would hear how it went.
            probes: false,
            time: limits::TOTAL,
        };
        let mut ended = None;
        let mut run = Run::default();
        let mut step = self.turns.begin(&mut run, plan);
        loop {
            let input = match &step.action {
                Action::Send(lease) => return Ok((lease.clone(), ended)),
                Action::Fail(failure) => return Err(Failure::clone(failure)),
                Action::Deliver(_) | Action::Close => return Err(lost("a token was asked for and an answer came")),
                Action::Renew(renew) => {
                    let renewed = self.renew(renew, around, min_valid).await;
                    ended = Some(renewed.clone());
                    Input::Renewed(renewed)
                }
                Action::Reread(lease) => Input::Renewed(reread(lease, around.borrowing).await),
                Action::WaitUntil(until) => self.wait(until).await,
                Action::AwaitGeneration { fence, until } => self.await_generation(fence, until).await,
                Action::FallBack(_) => Input::FellBack,
            };
            let Some(machine) = step.next else {
                return Err(lost("the choice of a token ended without one"));
            };
            step = self.turns.go_on(&mut run, machine, input);
        }
    }

    async fn renew(&self, renew: &Renew, around: Surroundings<'_>, min_valid: Duration) -> Renewed {
        let row = match row(around.table, &renew.lease) {
            Ok(row) => row,
            Err(failure) => return unusable(&renew.lease, Obstacle::Rejected, failure),
        };
        let ask = Ask {
            fence: renew.lease.fence.clone(),
            reason: renew.reason,
            asker: Asker::Request,
            min_valid,
        };
        let patience = self.turns.patience(&renew.lease, min_valid);
        around.renewals.renew_within(ask, row, patience).await
    }

    async fn wait(&self, until: &Moment) -> Input {
        sleep(until.since(&self.turns.now())).await;
        Input::Waited
    }

    async fn await_generation(&self, fence: &Fence, until: &Moment) -> Input {
        let deadline = Instant::now() + until.since(&self.turns.now());
        while Instant::now() < deadline && !self.turns.has_newer(fence) {
            sleep_until(deadline.min(Instant::now() + LOOK_EVERY)).await;
        }
        Input::Waited
    }
}

impl Errand<'_> {
    /// Does what the machine says until there is an answer to hand on.
    async fn run(&mut self, plan: Plan) -> Result<Delivery, Failure> {
        let mut run = Run::default();
        let mut step = self.client.turns.begin(&mut run, plan);
        loop {
            self.trail.attempts = step.tally.tries;
            self.trail.repaired = std::mem::take(&mut step.tally.repaired);
            let machine = step.next;
            let input = match step.action {
                Action::Deliver(refusal) => return Ok(Delivery { run, machine, refusal }),
                Action::Fail(failure) => return Err(*failure),
                Action::Close => return Err(lost("the request was closed before it had an answer")),
                Action::Send(lease) => self.attempt(&mut run, lease).await?,
                Action::FallBack(_) => Input::FellBack,
                action @ (Action::Renew(_)
                | Action::Reread(_)
                | Action::WaitUntil(_)
                | Action::AwaitGeneration { .. }) => Box::pin(self.recover(action)).await?,
            };
            let Some(machine) = machine else {
                return Err(lost("the recovery of a request ended without an answer"));
            };
            step = self.client.turns.go_on(&mut run, machine, input);
        }
    }

    /// What is done between two tries.
    async fn recover(&mut self, action: Action) -> Result<Input, Failure> {
        let (began, _span) = (Instant::now(), steps::recovery(&action));
        let input = match &action {
            Action::Renew(renew) => Input::Renewed(self.client.renew(renew, self.around, Duration::ZERO).await),
            Action::Reread(lease) => Input::Renewed(reread(lease, self.around.borrowing).await),
            Action::WaitUntil(until) => self.client.wait(until).await,
            Action::AwaitGeneration { fence, until } => self.client.await_generation(fence, until).await,
            Action::Send(_) | Action::FallBack(_) | Action::Deliver(_) | Action::Fail(_) | Action::Close => {
                return Err(lost("nothing was to be waited for"));
            }
        };
        self.trail.spent.recovery += began.elapsed();
        Ok(input)
    }

    /// One try under a lease.
    async fn attempt(&mut self, run: &mut Run, mut lease: Lease) -> Result<Input, Failure> {
        self.trail.sent_with(&lease);
        let row = row(self.around.table, &lease)?;
        let (_, bearer) = place_of_credential(&row);
        // It may have been logged out since; then the machine finds that it has gone.
        let Some(credential) = self.client.turns.present(run, &mut lease, bearer) else {
            return Ok(unsent(lease));
        };
        let mut request = Some(self.request.dress(&row, credential, self.body.outgoing())?);
        let limits = PooledLimits {
            connect: CONNECT,
            first_byte: row.first_byte.unwrap_or(FIRST_BYTE),
        };
        let (began, span) = (exact(), steps::attempt(&lease, &row));
        let server = &row.base_url;
        let pooled = &self.client.pooled;
        let sent = pooled.send_to(server, &mut request, &row.hosts, limits).await;
        let latency = exact() - began;
        steps::attempted(&span, &sent);
        if let Some(failure) = self.body.broke() {
            return Err(failure);
        }
        match sent {
            Ok(answer) => {
                let providers = &self.client.measures.providers;
                providers.at(&lease.provider, |of| of.latency.observe(latency));
                let held = self.held.insert(Held::of(answer, lease, row));
                let (input, took) = held.judge(|| self.client.turns.now().wall).await;
                self.trail.spent.upstream += latency + took;
                Ok(input)
            }
            Err(broken) if broken.not_allowed => Err(broken.into_failure(row.base_url.host_str().unwrap_or_default())),
            Err(broken) => {
                self.trail.spent.upstream += latency;
                tracing::debug!(provider = %lease.provider, %broken, "no answer");
                Ok(unanswered(lease, &broken))
            }
        }
    }

    /// What the answer's use is counted with, if it is.
    fn spending(&mut self, held: &Held) -> Option<Box<Spending>> {
        let entry = match self.counting {
            Counting::Nothing => return None,
            Counting::Spent => None,
            Counting::Booked => Some(Entry {
                provider: held.lease.provider.clone(),
                label: held.lease.label.clone(),
                model: self.model.take(),
            }),
        };
        let (form, weight) = form_and_weight(&held.head.headers);
        let weight = Weight {
            asked: self.body.length() / self.request.bytes_of_token(),
            bytes_of_token: weight,
        };
        let (books, guest) = (Arc::clone(&self.client.books), self.guest.clone());
        let kept = self.counting.answer(&self.request, &guest);
        Some(Box::new(Spending::new(books, guest, entry, kept, form, weight)))
    }

    fn deliver(mut self, held: Held, delivery: Delivery) -> Answer {
        let refusal = delivery.refusal.map(|failure| *failure);
        self.trail.sent_with(&held.lease);
        let complaint = match (&refusal, &held.reading) {
            (None, Some(reading)) => complaint(reading, &held.lease, &held.row, self.client.turns.now().wall),
            (_, _) => None,
        };
        let is_accepted = refusal.is_none() && held.is_accepted;
        let spending = is_accepted.then(|| self.spending(&held)).flatten();
        let listener = match (held.stream, delivery.machine) {
            (Some(stream), Some(machine)) => {
                let turns = Arc::clone(&self.client.turns);
                Listener::new(turns, delivery.run, machine, held.lease, held.row, *stream)
            }
            (_, _) => None,
        };
        let threads = || Arc::clone(&self.client.threads);
        let thread = self.conversation.filter(|_| self.request.makes_threads());
        let thread = thread.map(|conversation| Thread::new(threads(), conversation));
        let body = AnswerBody::new(held.pieces, held.rest, listener, thread, spending, self.guest);
        let mut response = Response::from_parts(held.head, body);
        // A refused upgrade is an answer like any other.
        let leaves_http = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        withhold_from_client(response.headers_mut(), leaves_http);
        Answer {
            response,
            trail: self.trail,
            refusal,
            complaint,
        }
    }
}

fn row(table: &Table, lease: &Lease) -> Result<Arc<Row>, Failure> {
    let row = table.row(&lease.provider).cloned();
    row.ok_or_else(|| table.missing(&lease.provider))
}

fn lost(what: &str) -> Failure {
    Failure::new(Code::Internal, what).with_remedy(Remedy::Report)
}

/// 5 s for name, TCP and TLS: what takes longer than that is out of reach.
const CONNECT: Duration = Duration::from_secs(5);

/// 10 min unless the row says otherwise: models think before their first word.
const FIRST_BYTE: Duration = Duration::from_secs(600);

/// 20 ms: a sibling's rotation is adopted before anyone notices the wait.
const LOOK_EVERY: Duration = Duration::from_millis(20);
