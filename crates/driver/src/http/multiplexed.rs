//! HTTP/2 connections, each shared by many requests at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evergrant_engine::wire::Phase;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::timeout;

use super::broken::{Broken, in_words};
use super::keep_alive::IDLE_LIMIT;
use super::last_use::LastUse;
use super::load::{Load, OpenStream};
use super::outcome::{Outcome, RequestBody, Unsent, broke_off, gone};
use super::response_body::ResponseBody;
use super::stream::Stream;
use super::target::Target;
use crate::measures::Raised;

/// The shared connections of one origin.
pub(super) struct Shared<B>(Mutex<Vec<Multiplexed<B>>>);

struct Multiplexed<B> {
    sender: SendRequest<B>,
    load: Load,
    last_used: LastUse,
}

/// A place for one request on a shared connection.
pub(super) struct Place<B> {
    sender: SendRequest<B>,
    open: OpenStream,
}

impl<B: RequestBody> Shared<B> {
    /// No connections yet.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A place on a connection that has room; when there are enough connections, on the one with the fewest streams,
    /// where the request waits its turn.
    pub(super) fn take(&self) -> Option<Place<B>> {
        let mut connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if connections.is_empty() {
            return None;
        }
        connections.retain(Multiplexed::stands);
        let all_taken = connections.len() >= CONNECTIONS;
        let chosen = match connections.iter_mut().find(|connection| connection.load.has_room()) {
            None if all_taken => connections.iter_mut().min_by_key(|connection| connection.load.open()),
            chosen => chosen,
        };
        chosen.map(Multiplexed::place)
    }

    /// Ends the connections that have waited too long.
    pub(super) fn drop_expired(&self) {
        let mut connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(Multiplexed::stands);
    }

    /// Begins HTTP/2 on a stream; the connection is there for others at once.
    pub(super) async fn open(&self, stream: Stream, target: &Target, open: Raised) -> Result<Place<B>, Broken> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .initial_max_send_streams(BEFORE_SETTINGS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Broken::unsent(format!("`{target}` broke off: {}", in_words(&error))))?;
        let load = Load::new(STREAMS_EXPECTED);
        let noted = load.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let driven = poll_fn(|cx| {
                let polled = connection.as_mut().poll(cx);
                let limit = connection.current_max_send_streams();
                if limit != BEFORE_SETTINGS {
                    noted.set_limit(limit);
                }
                polled
            });
            // Its errors reach the requests by their own channels.
            let _ = driven.await;
            drop(open);
        });
        let last_used = LastUse::now();
        let mut connection = Multiplexed {
            sender,
            load,
            last_used,
        };
        let place = connection.place();
        let mut connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connections.push(connection);
        Ok(place)
    }
}

impl<B> Multiplexed<B> {
    fn stands(&self) -> bool {
        let in_use = self.load.open() > 0 || self.last_used.elapsed() < IDLE_LIMIT;
        in_use && !self.sender.is_closed()
    }

    fn place(&mut self) -> Place<B> {
        self.last_used = LastUse::now();
        Place {
            sender: self.sender.clone(),
            open: self.load.begin(),
        }
    }
}

impl<B: RequestBody> Place<B> {
    /// Sends a request in absolute form and waits for the head of its answer.
    pub(super) async fn send(mut self, request: &mut Unsent<B>, target: &Target, first_byte: Duration) -> Outcome {
        let taken = request.take().ok_or_else(gone)?;
        match timeout(first_byte, self.sender.try_send_request(taken)).await {
            Ok(Ok(answer)) => Ok(answer.map(|incoming| ResponseBody::shared(incoming, self.open))),
            // Streams share their bytes' count, so only a request that comes back whole is known to be unsent.
            Ok(Err(error)) => Err(broke_off(error, request, Phase::Sent, target)),
            Err(_) => {
                let what = format!("no answer from `{target}`");
                Err(Broken::late(Phase::Sent, &what, first_byte))
            }
        }
    }
}

/// The server has not said yet how many streams it takes and may refuse what it did not allow, so that all but the
/// first request wait inside the connection until it has: one flight at most.
const BEFORE_SETTINGS: usize = 1;

/// What servers usually allow (RFC 9113 section 6.5.2 asks for no less): this many may wait for the settings together.
const STREAMS_EXPECTED: usize = 100;

/// A hundred streams each is what servers usually allow; this many connections carry what one gateway can.
const CONNECTIONS: usize = 16;

/// Finds a dead path under an open stream in less than a minute, and costs one frame.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// A path that needs longer for a ping is as good as dead.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
