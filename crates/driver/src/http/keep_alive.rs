//! HTTP/1.1 connections that serve one request after the other, and the stack of those that wait for the next.
//!
//! A connection has no task of its own: whoever sends on it, and then whoever reads the answer, does its reading and writing
//! in the same turn. That spares two changes of task, and often of core, for each piece of a request and of its answer; and
//! dropping either is all it takes to end the connection.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::wire::Phase;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::broken::{Broken, in_words};
use super::counted::{Counted, Gate, Written};
use super::last_use::LastUse;
use super::outcome::{Outcome, RequestBody, Unsent, broke_off, gone};
use super::response_body::{Driven, ResponseBody};
use super::stream::Stream;
use super::target::Target;
use crate::alarm::Alarm;
use crate::measures::Raised;
use crate::turn_time::recent;

/// The connections of one origin that wait for a request; the one used last is used next, so that the others can end.
pub(super) struct Idle<B>(Mutex<Vec<Parked<B>>>);

struct Parked<B> {
    lane: Box<Lane<B>>,
    since: LastUse,
}

/// One connection in the hands of one request, and then of its answer.
pub(super) struct Lane<B> {
    sender: SendRequest<B>,
    /// Until it has ended: a request that it did not take is handed back when it is dropped, and not before.
    connection: Option<Running>,
    written: Written,
    alarm: Alarm,
    home: Weak<Idle<B>>,
}

/// A connection's reading and writing.
type Running = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// What hyper makes of a request.
type Answered<B> = Result<Response<Incoming>, TrySendError<Request<B>>>;

impl<B: RequestBody> Idle<B> {
    /// No connections yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Vec::new())))
    }

    /// A connection that waits and still stands.
    pub(super) fn take(&self) -> Option<Box<Lane<B>>> {
        let mut parked = locked(&self.0);
        while let Some(Parked { lane, since }) = parked.pop() {
            if since.elapsed() >= IDLE_LIMIT {
                // Those below wait even longer.
                parked.clear();
            } else if lane.may_be_free() {
                return Some(lane);
            }
        }
        None
    }

    /// Ends all connections that wait.
    pub(super) fn drop_all(&self) {
        locked(&self.0).clear();
    }

    /// Ends the connections that have waited too long, or were closed meanwhile.
    pub(super) fn drop_expired(&self) {
        locked(&self.0).retain_mut(|parked| parked.since.elapsed() < IDLE_LIMIT && parked.lane.is_free());
    }

    fn park(&self, lane: Box<Lane<B>>) {
        let mut parked = locked(&self.0);
        if parked.len() < IDLE_CONNECTIONS && stands(Protection::KeptConnections) {
            let since = LastUse::now();
            parked.push(Parked { lane, since });
        }
    }
}

impl<B: RequestBody> Lane<B> {
    /// Begins HTTP/1.1 on a stream; once it is free it is parked at home.
    pub(super) async fn open(
        stream: Stream,
        target: &Target,
        home: &Arc<Idle<B>>,
        open: Raised,
    ) -> Result<Box<Self>, Broken> {
        let written = Written::default();
        let counted = Counted::new(stream, written.clone(), Gate::<fn() -> bool>::Open).among(open);
        let (sender, connection) = http1::handshake(TokioIo::new(counted))
            .await
            .map_err(|error| Broken::unsent(format!("`{target}` broke off: {}", in_words(&error))))?;
        let mut lane = Box::new(Self {
            sender,
            connection: Some(Box::pin(connection.with_upgrades())),
            written,
            alarm: Alarm::default(),
            home: Arc::downgrade(home),
        });
        // It takes a request once it has been looked at.
        let _ = lane.is_free();
        Ok(lane)
    }

    /// Sends a request in origin form and waits for the head of its answer.
    pub(super) async fn send(
        mut self: Box<Self>,
        request: &mut Unsent<B>,
        target: &Target,
        first_byte: Duration,
    ) -> Outcome {
        let before = self.written.bytes();
        let taken = request.take().ok_or_else(gone)?;
        match self.exchange(taken, recent() + first_byte).await {
            Some(Ok(answer)) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
                // It ends by handing its stream to whoever asked for the upgrade, and mostly has done so by now.
                self.connection.map(tokio::spawn);
                Ok(answer.map(ResponseBody::none))
            }
            Some(Ok(answer)) => Ok(answer.map(|incoming| ResponseBody::alone(incoming, self))),
            Some(Err(error)) => {
                let untouched = self.written.bytes() == before;
                let phase = if untouched { Phase::Connect } else { Phase::Sent };
                Err(broke_off(error, request, phase, target))
            }
            // Part of it may be on its way, so nothing is claimed.
            None => {
                let what = format!("no answer from `{target}`");
                Err(Broken::late(Phase::Sent, &what, first_byte))
            }
        }
    }

    /// The head of the answer, if it is here by then.
    async fn exchange(&mut self, request: Request<B>, by: Instant) -> Option<Answered<B>> {
        // A channel of tokio's, which could put its word off until another turn.
        let mut answer = pin!(unconstrained(self.sender.try_send_request(request)));
        let (connection, alarm) = (&mut self.connection, &mut self.alarm);
        poll_fn(|cx| {
            drive(connection, cx);
            // What the connection brings is looked at in this very turn, so nobody needs to wake it.
            let mut unheard = Context::from_waker(Waker::noop());
            if let Poll::Ready(answer) = answer.as_mut().poll(&mut unheard) {
                return Poll::Ready(Some(answer));
            }
            alarm.poll(cx, by).map(|()| None)
        })
        .await
    }

    /// Whether it could take a request when it was parked, and is not known to have ended since. It is looked at again before
    /// the request goes out, which comes back whole if it has.
    fn may_be_free(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Whether it can take a request: it still stands, and its last answer is whole.
    fn is_free(&mut self) -> bool {
        // While it waits, nobody has to be told what comes in on it.
        let mut unheard = Context::from_waker(Waker::noop());
        drive(&mut self.connection, &mut unheard);
        self.may_be_free()
    }
}

impl<B: RequestBody> Driven for Lane<B> {
    fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.connection, cx);
    }

    fn settle(mut self: Box<Self>) {
        if let Some(home) = self.home.upgrade()
            && self.is_free()
        {
            home.park(self);
        }
    }
}

/// Does the connection's reading and writing; its errors reach the request and the answer by their own channels.
fn drive(connection: &mut Option<Running>, cx: &mut Context<'_>) {
    if let Some(running) = connection
        && running.as_mut().poll(cx).is_ready()
    {
        *connection = None;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half done under these locks, so a panic elsewhere does not spoil them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Servers usually close after 60 s; ending first spares the race with their close.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(50);

/// What a burst leaves behind; more would hold descriptors that nobody needs.
const IDLE_CONNECTIONS: usize = 256;
