//! After a 101: bytes go both ways until one side ends, both have been silent for too long, or it may not go on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::Failure;
use evergrant_driver::measures::Raised;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::frames::close_frame;
use super::pulse::{Pulse, Speaker};
use super::way::Way;
use crate::gateway::stage::{Audience, Stage};

/// A WebSocket that has been agreed upon. Whoever answered the request for it carries it on: it stays in its place.
pub(in crate::gateway) struct Tunnel {
    client: OnUpgrade,
    provider: OnUpgrade,
    terms: Terms,
    _open: Raised,
}

/// Whether its client may go on with it, as its key is now. What holds the key's place is in it.
pub(in crate::gateway) type Terms = Box<dyn Fn() -> Result<(), Failure> + Send + Sync>;

/// Why we end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parting {
    /// The gateway ends.
    GoingAway,
    /// Its key may not go on.
    NotAllowed,
    /// Nothing has been said for too long.
    Silent,
}

impl Tunnel {
    /// Joins these two once both have left HTTP.
    pub(in crate::gateway) fn new(client: OnUpgrade, provider: OnUpgrade, terms: Terms, open: Raised) -> Arc<Self> {
        Arc::new(Self {
            client,
            provider,
            terms,
            _open: open,
        })
    }

    /// Carries bytes to the end.
    pub(in crate::gateway) async fn carry(self, audience: Audience) {
        let joined = async {
            let (client, provider) = tokio::try_join!(self.client, self.provider).map_err(io::Error::other)?;
            let (client, provider) = (TokioIo::new(client), TokioIo::new(provider));
            join(client, provider, &self.terms, audience).await
        };
        if let Err(error) = joined.await {
            debug!(%error, "an upgraded connection broke off");
        }
    }
}

/// Carries bytes both ways. What ends one side abruptly ends the other; who has said his last word may still listen.
async fn join<C, P>(client: C, provider: P, terms: &Terms, audience: Audience) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    P: AsyncRead + AsyncWrite + Unpin,
{
    let pulse = Pulse::new();
    let (from_client, to_client) = split(client);
    let (from_provider, to_provider) = split(provider);
    let mut up = Way::new(from_client, to_provider, Speaker::Client);
    let mut down = Way::new(from_provider, to_client, Speaker::Provider);
    let parting = tokio::select! {
        carried = async { tokio::try_join!(up.carry(&pulse), down.carry(&pulse)) } => return carried.map(|_| ()),
        parting = parting(&pulse, terms, audience) => parting,
    };
    if pulse.is_half() {
        return Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "one side has ended, and the other does not",
        ));
    }
    let (code, reason) = parting.words();
    let (to_provider, to_client) = (close_frame(code, reason, true), close_frame(code, reason, false));
    let parted = async { tokio::join!(up.end_with(&to_provider), down.end_with(&to_client)) };
    // Whoever does not answer has been told.
    let _ = timeout(GOODBYE, parted).await;
    debug!("an upgraded connection was ended: {reason}");
    Ok(())
}

/// Waits for a reason to end it.
async fn parting(pulse: &Pulse, terms: &Terms, audience: Audience) -> Parting {
    let forbidden = async {
        while terms().is_ok() {
            sleep(LOOK_EVERY).await;
        }
    };
    let mut last = audience.clone();
    let mut closing = audience;
    let drained = async {
        closing.until(Stage::Closed).await;
        // What is being said may be said to its end, and what was asked may be answered.
        pulse.rests(PAUSE).await;
    };
    tokio::select! {
        () = forbidden => Parting::NotAllowed,
        () = drained => Parting::GoingAway,
        () = last.until(Stage::Over) => Parting::GoingAway,
        () = pulse.stops() => Parting::Silent,
    }
}

impl Parting {
    /// Code (RFC 6455 section 7.4.1) and words of the last frame.
    const fn words(self) -> (u16, &'static str) {
        match self {
            Self::GoingAway => (1001, "the gateway ends"),
            Self::NotAllowed => (1008, "the client key may not go on"),
            Self::Silent => (1001, "silent for too long"),
        }
    }
}

/// 2 s: a key that was removed is of no use within seconds, and a look costs a microsecond.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// 1 s without a word from either side: an answer has pauses, and none as long once it has begun.
const PAUSE: Duration = Duration::from_secs(1);

/// 2 s for the rest of a frame and the answer to a close: who is there has answered sooner.
const GOODBYE: Duration = Duration::from_secs(2);

#[cfg(test)]
#[path = "upgraded_tests.rs"]
mod tests;
