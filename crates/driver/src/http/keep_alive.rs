//! HTTP/1.1 connections that serve one request after the other, and the stack of those that wait for the next.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use evergrant_engine::wire::Phase;
use http::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::broken::{Broken, in_words};
use super::counted::{Counted, Gate, Written};
use super::outcome::{Outcome, RequestBody};
use super::response_body::{Abandon, ResponseBody};
use super::stream::Stream;
use super::target::Target;

/// The connections of one origin that wait for a request; the one used last is used next, so that the others can end.
pub(super) struct Idle<B>(Mutex<Vec<Parked<B>>>);

struct Parked<B> {
    lane: Lane<B>,
    since: Instant,
}

/// One connection in the hands of one request.
pub(super) struct Lane<B> {
    sender: SendRequest<B>,
    link: Arc<Link<B>>,
}

/// What the connection's task and the request on it share.
struct Link<B> {
    returning: Mutex<Returning<B>>,
    written: Written,
    task: OnceLock<AbortHandle>,
    home: Weak<Idle<B>>,
}

/// A connection between the head of an answer and the end of its body.
struct Returning<B> {
    /// Whoever sees it ready parks it.
    sender: Option<SendRequest<B>>,
    /// Whose answer it is: grows with every request, so that a body that outlives its turn cannot end another's.
    turn: u64,
}

impl<B> Idle<B> {
    /// No connections yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Vec::new())))
    }

    /// A connection that waits and still stands.
    pub(super) fn take(&self) -> Option<Lane<B>> {
        let mut parked = locked(&self.0);
        let now = Instant::now();
        while let Some(Parked { lane, since }) = parked.pop() {
            if now.duration_since(since) >= IDLE_LIMIT {
                // Those below wait even longer.
                parked.clear();
            } else if lane.sender.is_ready() {
                return Some(lane);
            }
        }
        None
    }

    /// Ends the connections that have waited too long.
    pub(super) fn drop_expired(&self) {
        locked(&self.0).retain(|parked| parked.since.elapsed() < IDLE_LIMIT && !parked.lane.sender.is_closed());
    }

    fn park(&self, lane: Lane<B>) {
        let mut parked = locked(&self.0);
        if parked.len() < IDLE_CONNECTIONS {
            let since = Instant::now();
            parked.push(Parked { lane, since });
        }
    }
}

impl<B: RequestBody> Lane<B> {
    /// Begins HTTP/1.1 on a stream; once it is free it parks itself at home.
    pub(super) async fn open(stream: Stream, target: &Target, home: &Arc<Idle<B>>) -> Result<Self, Broken> {
        let written = Written::default();
        let counted = Counted::new(stream, written.clone(), Gate::<fn() -> bool>::Open);
        let (sender, connection) = http1::handshake(TokioIo::new(counted))
            .await
            .map_err(|error| Broken::unsent(format!("`{target}` broke off: {}", in_words(&error))))?;
        let link = Arc::new(Link {
            returning: Mutex::new(Returning { sender: None, turn: 0 }),
            written,
            task: OnceLock::new(),
            home: Arc::downgrade(home),
        });
        let task = tokio::spawn(drive(connection.with_upgrades(), Arc::clone(&link)));
        // Set here and nowhere else, before anyone can ask for it.
        let _ = link.task.set(task.abort_handle());
        Ok(Self { sender, link })
    }

    /// Sends a request in origin form and waits for the head of its answer.
    pub(super) async fn send(mut self, request: Request<B>, target: &Target, first_byte: Duration) -> Outcome<B> {
        let before = self.link.written.bytes();
        match timeout(first_byte, self.sender.try_send_request(request)).await {
            Ok(Ok(answer)) => {
                let link = Arc::clone(&self.link);
                let turn = self.give_back();
                Outcome::Answered(answer.map(|incoming| ResponseBody::alone(incoming, link, turn)))
            }
            Ok(Err(error)) => {
                let untouched = self.link.written.bytes() == before;
                let phase = if untouched { Phase::Connect } else { Phase::Sent };
                Outcome::failed(error, phase, target)
            }
            // The connection's task may be writing at this moment, so nothing is claimed.
            Err(_) => Outcome::Broken(Broken::late(
                Phase::Sent,
                &format!("no answer from `{target}`"),
                first_byte,
            )),
        }
    }

    /// Gives the sender back, to be parked once the answer is whole; answers whose turn that was.
    fn give_back(self) -> u64 {
        let turn = {
            let mut returning = locked(&self.link.returning);
            returning.sender = Some(self.sender);
            returning.turn += 1;
            returning.turn
        };
        self.link.settle();
        turn
    }
}

impl<B> Link<B> {
    /// Parks the sender if it was given back and is ready. Both sides call this after their own step, the task after
    /// it may have become ready and the request after it gave it back, so that neither order loses it.
    fn settle(self: &Arc<Self>) {
        let ready = locked(&self.returning).sender.take_if(|sender| sender.is_ready());
        if let (Some(sender), Some(home)) = (ready, self.home.upgrade()) {
            let link = Arc::clone(self);
            home.park(Lane { sender, link });
        }
    }
}

impl<B: RequestBody> Abandon for Link<B> {
    fn abandon(&self, turn: u64) {
        let mut returning = locked(&self.returning);
        // Without the sender here, or in another turn, the connection is parked or in the hands of another request: not
        // ours to close.
        if returning.turn == turn
            && let (Some(_), Some(task)) = (returning.sender.take(), self.task.get())
        {
            task.abort();
        }
    }
}

/// Does the connection's reading and writing; errors reach the request by its own channel.
async fn drive<B>(connection: impl Future<Output = hyper::Result<()>>, link: Arc<Link<B>>) {
    let mut connection = pin!(connection);
    poll_fn(|cx| {
        let polled = connection.as_mut().poll(cx);
        link.settle();
        polled.map(|_| ())
    })
    .await;
    locked(&link.returning).sender.take();
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is left half done under these locks, so a panic elsewhere does not spoil them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Servers usually close after 60 s; ending first spares the race with their close.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(50);

/// What a burst leaves behind; more would hold descriptors that nobody needs.
const IDLE_CONNECTIONS: usize = 256;
