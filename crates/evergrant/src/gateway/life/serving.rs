//! A gateway that serves: its listeners, its connections, and the order in which both end.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::settings::{AccessLog, Listen, ServeSettings};
use evergrant_driver::{Certificate, Code, Driver, Failure, Protection, Remedy, ServingAt, open_files, stands};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::crew::Crew;
use super::service_manager::ServiceManager;
use crate::gateway::connection::{Reception, converse};
use crate::gateway::door::Entrance;
use crate::gateway::listening::Inherited;
use crate::gateway::listening::{Arrived, Listener};
use crate::gateway::request::Gateway;
use crate::gateway::stage::{Curtain, Stage};

/// What the gateway is told.
#[derive(Debug, Default)]
pub(crate) struct ServeOptions {
    /// Where to listen.
    pub(crate) listen: Vec<Listen>,
    /// Where a service manager listens for it.
    pub(crate) inherited: Vec<Inherited>,
    /// How to serve there.
    pub(crate) serve: ServeSettings,
    /// Whether and where to keep a line for each request.
    pub(crate) access_log: Option<AccessLog>,
    /// Who wants to know how it is.
    pub(crate) manager: ServiceManager,
}

impl ServeOptions {
    /// These addresses, and everything else as usual.
    pub(crate) fn at(listen: Vec<Listen>) -> Self {
        Self {
            listen,
            ..Self::default()
        }
    }
}

/// A gateway that serves until it is ended; dropped, it lets nobody in any more.
pub(crate) struct Serving {
    driver: Driver,
    gateway: Arc<Gateway>,
    addresses: Vec<String>,
    accepting: JoinSet<()>,
    _crew: Arc<Crew>,
    curtain: Curtain,
    room: Arc<Semaphore>,
    places: u32,
    certificate: Option<Arc<Certificate>>,
}

impl Serving {
    /// Listens and serves from now on.
    ///
    /// # Errors
    /// An address that cannot be listened on, or that others than this machine could reach while there are no client keys, a certificate that cannot be used.
    pub(crate) async fn start(driver: Driver, options: ServeOptions) -> Result<Self, Failure> {
        let ServeOptions {
            listen,
            inherited,
            serve,
            access_log,
            manager: _,
        } = options;
        let certificate = serve.certificate.map(Certificate::load).transpose()?;
        let tls = match &certificate {
            Some(certificate) => Some(TlsAcceptor::from(certificate.server()?)),
            None => None,
        };
        let mut listeners = Vec::with_capacity(listen.len() + inherited.len());
        for socket in inherited {
            listeners.push(Listener::inherit(socket)?);
        }
        let inherits = listeners.iter().map(Listener::address);
        let reachable = inherits.chain(&listen).find(|address| !address.is_local());
        if let Some(address) = reachable
            && !driver.has_client_keys().await?
        {
            return Err(reachable_by_others(address));
        }
        let entrance = Entrance {
            is_open_to_others: reachable.is_some(),
        };
        for address in &listen {
            listeners.push(Listener::bind(address).await?);
        }
        let addresses = listeners
            .iter()
            .map(|listener| listener.address().to_string())
            .collect();
        let gateway = Arc::new(Gateway::new(
            driver.clone(),
            entrance,
            serve.metrics,
            access_log.as_ref(),
        )?);
        let places = places(serve.connections);
        let room = Arc::new(Semaphore::new(
            usize::try_from(places).unwrap_or(Semaphore::MAX_PERMITS),
        ));
        let crew = Arc::new(Crew::new()?);
        let (curtain, audience) = Curtain::open();
        let mut accepting = JoinSet::new();
        for listener in listeners {
            let reception = Reception {
                gateway: Arc::clone(&gateway),
                is_local_socket: listener.is_unix(),
                tls: tls.clone(),
                idle: serve.idle,
                write_idle: serve.write_idle,
                room: Arc::clone(&room),
                audience: audience.clone(),
            };
            let door = Door {
                listener,
                crew: Arc::clone(&crew),
                room: Arc::clone(&room),
                reception: Arc::new(reception),
            };
            accepting.spawn(door.keep());
        }
        Ok(Self {
            driver,
            gateway,
            addresses,
            accepting,
            _crew: crew,
            curtain,
            room,
            places,
            certificate,
        })
    }

    /// Where it listens, as a client would write it.
    pub(crate) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// What it says of itself to other processes of its home.
    pub(in crate::gateway) fn says(&self) -> ServingAt<'_> {
        ServingAt {
            addresses: &self.addresses,
            tls: self.certificate.is_some(),
            instance: self.gateway.instance(),
        }
    }

    /// The certificate that is shown.
    pub(in crate::gateway) const fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// Stops to listen: who has connected is let in, everybody's next request is the last, and a successor can have the
    /// addresses from here on.
    pub(crate) async fn close(&mut self) {
        info!("draining");
        if !stands(Protection::DrainedEnd) {
            self.curtain.fall(Stage::Closed);
            self.accepting.shutdown().await;
            return;
        }
        self.curtain.fall(Stage::LastRequests);
        while self.accepting.join_next().await.is_some() {}
    }

    /// Waits for requests and renewals that are under way, within one limit for both.
    pub(crate) async fn drain(self, limit: Duration) {
        if !stands(Protection::DrainedEnd) {
            return;
        }
        let deadline = Instant::now() + limit;
        let ended = timeout(limit, async {
            // Whoever is idle may have sent its next request already.
            let left = timeout(LAST_REQUESTS, self.room.acquire_many(self.places)).await;
            self.curtain.fall(Stage::Closed);
            if left.is_err() {
                let _ = self.room.acquire_many(self.places).await;
            }
        });
        if ended.await.is_err() {
            // WebSockets end here, whose clients can begin anew; nobody else has a goodbye to say.
            self.curtain.fall(Stage::Over);
            let goodbyes = if self.gateway.has_tunnels() {
                GOODBYES
            } else {
                Duration::ZERO
            };
            if timeout(goodbyes, self.room.acquire_many(self.places)).await.is_err() {
                warn!("some requests did not end within {} s", limit.as_secs());
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if !self.driver.drain(left.max(RENEWALS_GET_AT_LEAST)).await {
            warn!("a renewal did not end within {} s; its claim stands", limit.as_secs());
        }
    }
}

/// One address, and what whoever comes in there needs.
struct Door {
    listener: Listener,
    crew: Arc<Crew>,
    room: Arc<Semaphore>,
    reception: Arc<Reception>,
}

impl Door {
    /// Lets clients in until the gateway ends, and then those who had connected before.
    async fn keep(self) {
        let mut closing = self.reception.audience.clone();
        tokio::select! {
            () = self.let_in() => {}
            () = closing.until(Stage::LastRequests) => {
                // Where connections come without end, some come too late.
                let _ = timeout(BACKLOG, self.let_in_the_last()).await;
            }
        }
    }

    async fn let_in(&self) {
        let mut failing = false;
        loop {
            // Whoever finds no room waits in the system's backlog.
            let Ok(place) = Arc::clone(&self.room).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok(stream) => {
                    failing = false;
                    self.serve(stream, place);
                }
                // Out of descriptors, say: wait rather than spin, and say so once.
                Err(error) => {
                    if !failing {
                        warn!(%error, "a connection could not be accepted");
                    }
                    failing = true;
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// What waits in the backlog would be reset when the address is given up.
    async fn let_in_the_last(&self) {
        if self.listener.is_inherited() {
            // There it waits for our successor.
            return;
        }
        while let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            match timeout(ONE_MORE, self.listener.accept()).await {
                Ok(Ok(stream)) => self.serve(stream, place),
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }

    fn serve(&self, stream: Arrived, place: OwnedSemaphorePermit) {
        let reception = Arc::clone(&self.reception);
        self.crew.spawn(|| async move {
            match stream.enter() {
                Ok(stream) => converse(stream, reception).await,
                Err(error) => warn!(%error, "a connection could not be taken over"),
            }
            drop::<OwnedSemaphorePermit>(place);
        });
    }
}

/// How many connections find room: as many as are allowed, and as this process may have open.
fn places(allowed: u64) -> u32 {
    let open = open_files::pairs().unwrap_or(u64::MAX);
    if open < allowed {
        info!("{open} connections find room: more cannot be open in this process (`ulimit -n`)");
    }
    u32::try_from(allowed.min(open).max(1)).unwrap_or(u32::MAX)
}

fn reachable_by_others(address: &Listen) -> Failure {
    let message = format!("`{address}` can be reached from other machines, and there are no client keys");
    Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
        command: "evergrant key add NAME".to_owned(),
        why: "make a key for each client first, or listen on loopback or a unix socket only: whoever reaches the gateway spends the plan".to_owned(),
    })
}

/// 1 s for the next request of whoever is idle: a busy client sends it within milliseconds, and an idle one that sends none
/// finds its connection closed like any that has been idle for long.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// 500 ms for the backlog: thousands are let in within it.
const BACKLOG: Duration = Duration::from_millis(500);

/// 20 ms for one more out of it: whoever is in it is there already.
const ONE_MORE: Duration = Duration::from_millis(20);

/// 3 s for what is told to end at last: longer than a WebSocket waits for the answer to its goodbye.
const GOODBYES: Duration = Duration::from_secs(3);

/// 1 s for renewals even if requests took all the time: most are done in less.
const RENEWALS_GET_AT_LEAST: Duration = Duration::from_secs(1);

/// 50 ms: descriptors come back as requests end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
