//! Starting and stopping: the listener, its connections, and the handle that keeps them alive.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::control::Control;
use crate::failure::SandboxError;
use crate::row;
use crate::service;
use crate::tap::{Tap, Tapped};
use crate::tls;
use crate::world::World;

/// The sandbox; it exists as long as the [`Running`] it gives.
#[derive(Debug)]
pub struct Sandbox;

/// A sandbox that listens. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Running {
    world: Arc<World>,
    address: SocketAddr,
    ca_pem: Option<String>,
    stop: watch::Sender<bool>,
}

impl Sandbox {
    /// Listens and serves on the runtime of the caller until the handle is stopped or dropped.
    ///
    /// # Errors
    /// An address that cannot be listened on, an unknown scenario in the configuration, a failed
    /// certificate.
    pub async fn start(config: Config) -> Result<Running, SandboxError> {
        let (running, service) = bind(config).await?;
        tokio::spawn(service);
        Ok(running)
    }

    /// As [`Self::start`], on a thread and runtime of its own: for callers that block, and for
    /// those whose runtime has its time paused.
    ///
    /// # Errors
    /// As [`Self::start`], and a system that gives no thread.
    pub fn start_apart(config: Config) -> Result<Running, SandboxError> {
        let address = config.listen;
        let failed = move |source| SandboxError::Listen { address, source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (running, service) = runtime.block_on(bind(config))?;
        std::thread::Builder::new()
            .name(String::from("sandbox"))
            .spawn(move || runtime.block_on(service))
            .map_err(failed)?;
        Ok(running)
    }
}

/// Listens, and gives the handle and the work that has to be polled for it.
async fn bind(config: Config) -> Result<(Running, impl Future<Output = ()> + Send + 'static), SandboxError> {
    let address = config.listen;
    let identity = match config.tls {
        true => Some(tls::identity(config.http2)?),
        false => None,
    };
    let failed = |source| SandboxError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let scheme = if identity.is_some() { "https" } else { "http" };
    let world = Arc::new(World::new(format!("{scheme}://{address}"), config)?);
    let (stop, stopped) = watch::channel(false);
    let (ca_pem, acceptor) = match identity {
        Some(identity) => (Some(identity.ca_pem), Some(TlsAcceptor::from(identity.server))),
        None => (None, None),
    };
    let service = accept(stopped, listener, acceptor, Arc::clone(&world));
    let running = Running {
        world,
        address,
        ca_pem,
        stop,
    };
    Ok((running, service))
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the inference API: `http://127.0.0.1:PORT/v1`, or `https`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.world.origin)
    }

    /// The issuer of the authorization server: the base URL without its path.
    pub fn issuer(&self) -> String {
        self.world.origin.clone()
    }

    /// The certificate of its private authority in PEM, if it serves TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// A row for `providers.d/ID.toml` that logs in here by OAuth.
    pub fn provider_row(&self, id: &str) -> String {
        row::oauth(&self.world, self.address, id)
    }

    /// A row for `providers.d/ID.toml` that uses this sandbox with an API key.
    pub fn api_key_row(&self, id: &str) -> String {
        row::api_key(&self.world, self.address, id)
    }

    /// The switchboard, counters and log, in this process.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.world))
    }

    /// Closes every connection and the listener, and waits until nobody is let in any more.
    pub async fn stop(self) {
        // Without a receiver the sandbox has ended already.
        let _ = self.stop.send(true);
        self.stop.closed().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without a receiver the sandbox has ended already.
        let _ = self.stop.send(true);
    }
}

/// `stopped` comes first and so is dropped last: whoever sees it dropped finds the listener closed.
async fn accept(
    mut stopped: watch::Receiver<bool>,
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    world: Arc<World>,
) {
    // Dropping the set at the end aborts every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connected = world.connected();
                    let work = connection(stream, acceptor.clone(), Arc::clone(&world));
                    connections.spawn(async move {
                        work.await;
                        drop(connected);
                    });
                }
                // Out of descriptors, say: wait rather than spin.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, world: Arc<World>) {
    // Small events should leave at once; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return speak(stream, false, world).await;
    };
    // A client that does not trust the certificate ends here; it is the one to report it.
    if let Ok(stream) = acceptor.accept(stream).await {
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        speak(stream, http2, world).await;
    }
}

async fn speak<S>(stream: S, http2: bool, world: Arc<World>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let tap = Tap::default();
    let io = TokioIo::new(Tapped::new(stream, tap.clone()));
    let service = service_fn(move |request| service::serve(Arc::clone(&world), tap.clone(), request));
    // Errors are the client's leaving, or a cut that was ordered.
    if http2 {
        let _ = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .serve_connection(io, service)
            .await;
    } else {
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .preserve_header_case(true)
            .serve_connection(io, service)
            .with_upgrades()
            .await;
    }
}

/// Long enough for another connection to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
