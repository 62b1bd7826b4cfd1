//! Serving: from the first address that listens to the last request that is drained.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::settings::Listen;
use evergrant_driver::{Code, Driver, Failure, Remedy};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::connection::converse;
use super::listener::Listener;
use super::service::Gateway;

/// What the gateway is told.
#[derive(Clone, Debug)]
pub(crate) struct ServeOptions {
    /// Where to listen.
    pub(crate) listen: Vec<Listen>,
}

/// Serves until the process is told to end, then lets what is under way finish. `on_listening` is called with each
/// address, as a client would write it, once it can be connected to.
///
/// # Errors
/// An address that cannot be listened on, or that others than this machine could reach.
pub(crate) async fn serve(driver: Driver, options: ServeOptions, on_listening: impl Fn(&str)) -> Result<(), Failure> {
    let mut listeners = Vec::with_capacity(options.listen.len());
    for address in &options.listen {
        if !address.is_local() {
            return Err(reachable_by_others(address));
        }
        listeners.push(Listener::bind(address).await?);
    }
    let addresses: Vec<String> = listeners.iter().map(|listener| listener.address().to_owned()).collect();
    let mut endings = Endings::new()?;
    driver.stay();
    // A gateway that cannot be found by `exec` serves all the same.
    let announcement = driver
        .announce(&addresses)
        .map_err(|failure| warn!(%failure, "the gateway's address could not be written down"))
        .ok();
    for address in &addresses {
        on_listening(address);
    }
    let gateway = Arc::new(Gateway::new(driver.clone())?);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let (stop, stopped) = watch::channel(false);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(
            listener,
            Arc::clone(&gateway),
            Arc::clone(&room),
            stopped.clone(),
        ));
    }
    endings.told().await;
    info!("draining");
    // The addresses are free from here on, and a successor may write its own down.
    accepting.shutdown().await;
    drop(announcement);
    // Without a connection there is nobody to tell.
    let _ = stop.send(true);
    tokio::select! {
        () = drain(&driver, &room) => {}
        () = endings.told() => warn!("told to end a second time: not waiting any longer"),
    }
    Ok(())
}

async fn accept(listener: Listener, gateway: Arc<Gateway>, room: Arc<Semaphore>, stopped: watch::Receiver<bool>) {
    loop {
        // Whoever finds no room waits in the system's backlog.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok(stream) => {
                let (gateway, stopped) = (Arc::clone(&gateway), stopped.clone());
                let is_local_socket = listener.is_unix();
                tokio::spawn(async move {
                    converse(stream, gateway, is_local_socket, stopped).await;
                    drop::<OwnedSemaphorePermit>(place);
                });
            }
            // Out of descriptors, say: wait rather than spin.
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Waits for requests and renewals that are under way, within one limit for both.
async fn drain(driver: &Driver, room: &Semaphore) {
    let deadline = Instant::now() + DRAIN;
    let everyone = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    if timeout(DRAIN, room.acquire_many(everyone)).await.is_err() {
        warn!("some requests did not end within {} s", DRAIN.as_secs());
    }
    let left = deadline
        .saturating_duration_since(Instant::now())
        .max(RENEWALS_GET_AT_LEAST);
    if !driver.drain(left).await {
        warn!("a renewal did not end within {} s; its claim stands", DRAIN.as_secs());
    }
}

/// The ways in which a process is told to end.
struct Endings {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Endings {
    #[cfg(unix)]
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error| Failure::new(Code::Internal, format!("signals cannot be waited for: {error}"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    #[cfg(unix)]
    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn told(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn reachable_by_others(address: &Listen) -> Failure {
    let message = format!("`{address}` can be reached from other machines, and there are no client keys");
    Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
        command: "evergrant serve --listen 127.0.0.1:8787".to_owned(),
        why: "listen on loopback or a unix socket only: whoever reaches the gateway spends the plan".to_owned(),
    })
}

/// 16,384 connections: ten thousand idle streams and as many short requests as a machine of this class can have open.
const CONNECTIONS: usize = 16_384;

/// 20 s for what is under way; service managers kill after 30 s or more.
const DRAIN: Duration = Duration::from_secs(20);

/// 1 s for renewals even if requests took all the time: most are done in less.
const RENEWALS_GET_AT_LEAST: Duration = Duration::from_secs(1);

/// 50 ms: descriptors come back as requests end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
