//! The pooled client: inference requests over connections that are kept, shared and cancelled with their bodies.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use evergrant_engine::provider::Hosts;
use evergrant_engine::wire::Phase;
use http::header::UPGRADE;
use http::{Request, Response, StatusCode};
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use url::{Position, Url};

use super::broken::{Broken, in_words};
use super::keep_alive::IDLE_LIMIT;
use super::network::Network;
use super::origin::{Origin, Wish};
use super::outcome::{RequestBody, Unsent};
use super::response_body::ResponseBody;
use crate::measures::Level;
use crate::open_files;

/// How long a pooled request may take to get going; its body has no limit here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PooledLimits {
    /// From the look-up of the name to the end of the TLS handshake, where a new connection is needed.
    pub connect: Duration,
    /// From the first byte of the request to the head of the answer.
    pub first_byte: Duration,
}

/// Connections to every origin that was asked for; one is shared by all tasks of a runtime, whose threads read its sockets.
pub struct Pooled<B> {
    network: Arc<Network>,
    origins: ArcSwap<Origins<B>>,
    /// Connections, in use or not.
    open: Level,
    /// How many may be open before none waits for a request any more.
    most: OnceLock<u64>,
}

/// A few for each runtime: to look at all of them takes less than to reckon where one of them would be.
type Origins<B> = Vec<Kept<B>>;

struct Kept<B> {
    /// A connection belongs to the runtime in which it was made: another one would wait for its wake-ups across threads.
    runtime: Id,
    origin: Arc<Origin<B>>,
    /// Ends with its runtime, or when the origin is gone.
    sweeper: AbortHandle,
}

impl<B: RequestBody> Pooled<B> {
    /// A pool without connections.
    pub fn new(network: Arc<Network>) -> Self {
        Self {
            network,
            origins: ArcSwap::default(),
            open: Level::default(),
            most: OnceLock::new(),
        }
    }

    /// Sends a request with an absolute address that `hosts` allows, and answers with the head of its response; otherwise as
    /// [`Self::send_to`].
    pub async fn send(
        &self,
        request: Request<B>,
        hosts: &Hosts,
        limits: PooledLimits,
    ) -> Result<Response<ResponseBody>, Broken> {
        let (Some(scheme), Some(authority)) = (request.uri().scheme(), request.uri().authority()) else {
            return Err(Broken::unsent("an address without a scheme and a host"));
        };
        let server =
            Url::parse(&format!("{scheme}://{authority}/")).map_err(|error| Broken::unsent(in_words(&error)))?;
        self.send_to(&server, &mut Some(request), hosts, limits).await
    }

    /// Sends a request to the server of an address that `hosts` allows, and answers with the head of its response. Of the
    /// request's own address only path and query count.
    ///
    /// Headers go out as they are, except `host`. No redirect is followed and nothing is sent twice: only a request
    /// that a kept connection handed back whole, because it had been closed meanwhile, goes out on a new one. A `101`
    /// is upgraded by `hyper::upgrade::on`. Dropping the future or the body cancels the request upstream.
    pub async fn send_to(
        &self,
        server: &Url,
        request: &mut Unsent<B>,
        hosts: &Hosts,
        limits: PooledLimits,
    ) -> Result<Response<ResponseBody>, Broken> {
        let origin = self.origin(server, hosts)?;
        let mut wish = Wish {
            upgrade: request
                .as_ref()
                .is_some_and(|request| request.headers().contains_key(UPGRADE)),
            reuse: true,
        };
        loop {
            self.make_room();
            let connection = origin
                .connection(&self.network, &self.open, wish, limits.connect)
                .await?;
            let stale = connection.reused;
            match origin.send(connection, request, limits.first_byte).await {
                Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS && !wish.upgrade => {
                    return Err(Broken::new(Phase::Sent, "the server left HTTP without being asked"));
                }
                // Once at most: without reuse, the next connection is not a stale one.
                Err(_) if stale && request.is_some() => {}
                outcome => return outcome,
            }
            wish.reuse = false;
        }
    }

    /// Ends what waits for a request where as many are open as may be: descriptors belong to the requests under way, whatever
    /// their provider and thread.
    fn make_room(&self) {
        let most = *self.most.get_or_init(|| open_files::pairs().unwrap_or(u64::MAX));
        if self.open.read() >= most {
            self.origins.load().iter().for_each(|kept| kept.origin.drop_idle());
        }
    }

    fn origin(&self, server: &Url, hosts: &Hosts) -> Result<Arc<Origin<B>>, Broken> {
        let (runtime, place) = (Handle::current().id(), &server[..Position::BeforePath]);
        let is_it = |kept: &&Kept<B>| kept.runtime == runtime && kept.origin.place() == place;
        if let Some(kept) = self.origins.load().iter().find(is_it) {
            kept.origin.check(hosts)?;
            return Ok(Arc::clone(&kept.origin));
        }
        let origin = Arc::new(Origin::new(server)?);
        origin.check(hosts)?;
        let sweeper = tokio::spawn(sweep(Arc::downgrade(&origin))).abort_handle();
        let ours = Kept {
            runtime,
            origin,
            sweeper,
        };
        let known = self.origins.rcu(|origins| {
            // A runtime that has ended took its sweeper along, and its sockets.
            let stand = origins.iter().filter(|kept| !kept.sweeper.is_finished());
            let mut origins: Origins<B> = stand.cloned().collect();
            if !origins.iter().any(|kept| is_it(&kept)) {
                origins.push(ours.clone());
            }
            origins
        });
        // Another request may have been here first; ours ends unused then.
        let theirs = known.iter().filter(is_it).find(|kept| !kept.sweeper.is_finished());
        Ok(theirs.map_or(ours.origin, |kept| Arc::clone(&kept.origin)))
    }
}

impl<B> Clone for Kept<B> {
    fn clone(&self) -> Self {
        Self {
            runtime: self.runtime,
            origin: Arc::clone(&self.origin),
            sweeper: self.sweeper.clone(),
        }
    }
}

/// Ends what has waited too long, as long as the origin is there.
async fn sweep<B: RequestBody>(origin: Weak<Origin<B>>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        match origin.upgrade() {
            Some(origin) => origin.drop_expired(),
            None => return,
        }
    }
}

/// A connection is swept within a fifth more than its time.
const SWEEP_INTERVAL: Duration = Duration::from_secs(IDLE_LIMIT.as_secs() / 5);
