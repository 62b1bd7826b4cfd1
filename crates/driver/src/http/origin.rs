//! One origin of the pool: a scheme, a host and a port, and the connections there are to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evergrant_engine::provider::Hosts;
use evergrant_engine::wire::Phase;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Uri, Version};
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::{Position, Url};

use super::broken::{Broken, in_words};
use super::keep_alive::{Idle, Lane};
use super::multiplexed::{Place, Shared};
use super::network::Network;
use super::outcome::{Outcome, RequestBody, Unsent};
use super::target::Target;
use super::tls::Purpose;
use crate::measures::Level;

/// The origin, with what each request to it needs prepared.
pub(super) struct Origin<B> {
    url: Url,
    target: Target,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
    idle: Arc<Idle<B>>,
    shared: Shared<B>,
    /// Whether the server is known to have chosen HTTP/1.1, so that nobody waits for a connection to share.
    http1_only: AtomicBool,
    dialling: Mutex<()>,
}

/// A connection for one request.
pub(super) struct Connection<B> {
    kind: Kind<B>,
    /// Whether it carried a request before.
    pub(super) reused: bool,
}

enum Kind<B> {
    Alone(Box<Lane<B>>),
    Shared(Place<B>),
}

/// What a request asks of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// It will leave HTTP (RFC 9110 section 7.8), which HTTP/2 connections cannot.
    pub(super) upgrade: bool,
    /// One that waits in the pool will do.
    pub(super) reuse: bool,
}

impl<B: RequestBody> Origin<B> {
    /// The origin of an address.
    pub(super) fn new(server: &Url) -> Result<Self, Broken> {
        let unusable = |error: &(dyn std::error::Error + 'static)| Broken::unsent(in_words(error));
        let place = &server[..Position::BeforePath];
        let url: Url = place.parse().map_err(|error| unusable(&error))?;
        let target = Target::of(&url)?;
        let host = HeaderValue::try_from(target.host_header()).map_err(|error| unusable(&error))?;
        let parts = place.parse::<Uri>().map_err(|error| unusable(&error))?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(Broken::unsent("an address without a scheme and a host"));
        };
        Ok(Self {
            url,
            target,
            scheme,
            authority,
            host,
            idle: Idle::new(),
            shared: Shared::new(),
            http1_only: AtomicBool::new(false),
            dialling: Mutex::new(()),
        })
    }

    /// Scheme, host and port as an address writes them.
    pub(super) fn place(&self) -> &str {
        &self.url[..Position::BeforePath]
    }

    /// Refuses hosts that may not be sent the credential.
    pub(super) fn check(&self, hosts: &Hosts) -> Result<(), Broken> {
        if hosts.allows(&self.url) {
            return Ok(());
        }
        Target::allowed(&self.url, hosts).map(|_| ())
    }

    /// A connection: one that waits, or a new one within the limit.
    pub(super) async fn connection(
        &self,
        network: &Network,
        open: &Level,
        wish: Wish,
        limit: Duration,
    ) -> Result<Connection<B>, Broken> {
        if wish.reuse
            && let Some(waiting) = self.waiting(wish)
        {
            return Ok(waiting);
        }
        if wish.upgrade || !self.target.secure || self.http1_only.load(Ordering::Relaxed) {
            // Boxed: every request has the room that its largest way needs, and most find a connection that waits.
            return Box::pin(self.dial(network, open, wish, limit)).await;
        }
        // One dials and the others share what it brings.
        let late = |_| Broken::late(Phase::Connect, &format!("no connection to `{}`", self.target), limit);
        let dialling = timeout(limit, self.dialling.lock()).await.map_err(late)?;
        if self.http1_only.load(Ordering::Relaxed) {
            drop(dialling);
        } else if let Some(place) = self.shared.take() {
            return Ok(Connection::new(Kind::Shared(place), wish.reuse));
        }
        Box::pin(self.dial(network, open, wish, limit)).await
    }

    /// Sends the request on the connection, in the form that it needs.
    pub(super) async fn send(
        &self,
        connection: Connection<B>,
        request: &mut Unsent<B>,
        first_byte: Duration,
    ) -> Outcome {
        match connection.kind {
            Kind::Alone(lane) => {
                if let Some(request) = request {
                    self.in_origin_form(request);
                }
                lane.send(request, &self.target, first_byte).await
            }
            Kind::Shared(place) => {
                if let Some(request) = request {
                    self.in_absolute_form(request);
                }
                // Boxed: an HTTP/1.1 connection needs no room for it.
                Box::pin(place.send(request, &self.target, first_byte)).await
            }
        }
    }

    /// Ends the connections that wait for a request.
    pub(super) fn drop_idle(&self) {
        self.idle.drop_all();
    }

    /// Ends the connections that have waited too long.
    pub(super) fn drop_expired(&self) {
        self.idle.drop_expired();
        self.shared.drop_expired();
    }

    fn waiting(&self, wish: Wish) -> Option<Connection<B>> {
        if let Some(lane) = self.idle.take() {
            return Some(Connection::new(Kind::Alone(lane), true));
        }
        let place = if wish.upgrade { None } else { self.shared.take() };
        place.map(|place| Connection::new(Kind::Shared(place), true))
    }

    async fn dial(
        &self,
        network: &Network,
        open: &Level,
        wish: Wish,
        limit: Duration,
    ) -> Result<Connection<B>, Broken> {
        let purpose = if wish.upgrade { Purpose::Fresh } else { Purpose::Pooled };
        let open = open.raise();
        let stream = network.stream(&self.target, purpose, limit).await?;
        if stream.speaks_h2() {
            let place = self.shared.open(stream, &self.target, open).await?;
            return Ok(Connection::new(Kind::Shared(place), false));
        }
        if !wish.upgrade {
            self.http1_only.store(true, Ordering::Relaxed);
        }
        let lane = Lane::open(stream, &self.target, &self.idle, open).await?;
        Ok(Connection::new(Kind::Alone(lane), false))
    }

    fn in_origin_form(&self, request: &mut Request<B>) {
        if request.uri().authority().is_some() {
            let path = path_of(request);
            *request.uri_mut() = Uri::from(path);
        }
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().insert(HOST, self.host.clone());
    }

    fn in_absolute_form(&self, request: &mut Request<B>) {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path_of(request));
        // All three parts are there, which is all that could be wrong with them.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        *request.version_mut() = Version::HTTP_2;
        // `:authority` says it, and two answers to one question are an attack (RFC 9113 section 8.3.1).
        request.headers_mut().remove(HOST);
    }
}

impl<B> Connection<B> {
    const fn new(kind: Kind<B>, reused: bool) -> Self {
        Self { kind, reused }
    }
}

fn path_of<B>(request: &mut Request<B>) -> PathAndQuery {
    let path = std::mem::take(request.uri_mut()).into_parts().path_and_query;
    path.unwrap_or_else(|| PathAndQuery::from_static("/"))
}
