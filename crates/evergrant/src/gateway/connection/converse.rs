//! One connection of a client: TLS if there is a certificate, HTTP/1.1 or HTTP/2 within limits, until either side has had enough.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use evergrant_driver::hush::Hush;
use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::patience::Patience;
use super::patient::Patient;
use super::preface;
use super::streams::{Streams, Watched};
use crate::gateway::listening::Stream;
use crate::gateway::request::Gateway;
use crate::gateway::stage::{Audience, Stage};
use crate::gateway::tunnel::Tunnel;

/// What whoever comes in at an address meets.
pub(in crate::gateway) struct Reception {
    /// Who answers.
    pub(in crate::gateway) gateway: Arc<Gateway>,
    /// Whether no web page can reach it.
    pub(in crate::gateway) is_local_socket: bool,
    /// Who shakes hands, if TLS is spoken there.
    pub(in crate::gateway) tls: Option<TlsAcceptor>,
    /// How long a client may take for the head of a request, the time between two requests included.
    pub(in crate::gateway) idle: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub(in crate::gateway) write_idle: Duration,
    /// The places of connections, and of requests that come together with others.
    pub(in crate::gateway) room: Arc<Semaphore>,
    /// How far the gateway is on its way to its end.
    pub(in crate::gateway) audience: Audience,
}

impl Reception {
    fn patient<S: AsyncRead>(&self, stream: S) -> Patient<S> {
        Patient::new(stream, self.write_idle, self.gateway.given_up())
    }
}

/// Answers the requests of a connection; once the curtain falls, no more than the one under way or on its way.
pub(in crate::gateway) async fn converse(stream: Stream, reception: Arc<Reception>) {
    let _open = reception.gateway.connected();
    let ended = match stream {
        Stream::Tcp(stream) => {
            let client = stream.peer_addr().ok();
            let stream = reception.patient(stream);
            match &reception.tls {
                Some(tls) => behind_tls(stream, client, tls, &reception).await,
                None => in_the_clear(stream, client, &reception).await,
            }
        }
        #[cfg(unix)]
        Stream::Unix(stream) => in_the_clear(reception.patient(stream), None, &reception).await,
    };
    if let Err(error) = ended {
        debug!(%error, "a client's connection broke off");
    }
}

/// A failure of a connection, which concerns the log alone.
type Broken = Box<dyn std::error::Error + Send + Sync>;

async fn behind_tls(
    stream: Patient<TcpStream>,
    client: Option<SocketAddr>,
    tls: &TlsAcceptor,
    reception: &Arc<Reception>,
) -> Result<(), Broken> {
    // Boxed, as all that is rare: every connection has the room that its largest way needs.
    let shaken = Box::pin(timeout(HANDSHAKE_TAKES_AT_MOST, tls.accept(stream))).await;
    let stream = shaken.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no TLS handshake"))??;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        Box::pin(speak_h2(stream, client, reception)).await
    } else {
        Box::pin(speak_h1(stream, client, reception)).await
    }
}

async fn in_the_clear<S>(stream: S, client: Option<SocketAddr>, reception: &Arc<Reception>) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut audience = reception.audience.clone();
    let opened = tokio::select! {
        opened = timeout(reception.idle, preface::open(stream)) => opened,
        () = audience.until(Stage::Closed) => return Ok(()),
    };
    drop(audience);
    // Whoever says nothing is let go without a word.
    let Ok(opened) = opened else { return Ok(()) };
    match opened? {
        (stream, true) => Box::pin(speak_h2(stream, client, reception)).await,
        (stream, false) => speak_h1(stream, client, reception).await,
    }
}

async fn speak_h1<S>(stream: S, client: Option<SocketAddr>, reception: &Arc<Reception>) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let agreed = OnceLock::new();
    speak(stream, client, reception, &agreed).await?;
    // Boxed as well: few connections become one.
    if let Some(tunnel) = agreed.into_inner().and_then(Arc::into_inner) {
        Box::pin(Tunnel::carry(tunnel, reception.audience.clone())).await;
    }
    Ok(())
}

/// Speaks HTTP/1.1 to its end, or until a WebSocket has been agreed upon.
async fn speak<S>(
    stream: S,
    client: Option<SocketAddr>,
    reception: &Arc<Reception>,
    agreed: &OnceLock<Arc<Tunnel>>,
) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| async {
        // Boxed, so that its room is given back when the head of the answer is there: a stream goes on without it.
        let mut response = in_place(|| reception.gateway.answer(request, reception.is_local_socket, client)).await;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if let Some(tunnel) = response.extensions_mut().remove() {
                // There is one at most: HTTP ends with it.
                let _ = agreed.set(tunnel);
            }
        } else if reception.audience.is_last() {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok::<_, Infallible>(response)
    });
    let connection = http1::Builder::new()
        .timer(Patience::default())
        .header_read_timeout(reception.idle)
        .max_header_size(HEAD_LENGTH)
        .max_buf_size(BUFFER)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut audience = reception.audience.clone();
    // Its requests' bodies are read, and their answers brought, by the very task that it is.
    let hush = Hush::default();
    tokio::select! {
        biased;
        ended = hush.around(connection.as_mut()) => ended.map_err(Broken::from),
        () = audience.until(Stage::Closed) => {
            connection.as_mut().graceful_shutdown();
            hush.around(connection).await.map_err(Broken::from)
        }
    }
}

/// A future made where it will run: one that is made first and boxed then is copied whole, most of it room for what is to come.
#[inline]
fn in_place<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(Box::write(Box::new_uninit(), make()))
}

async fn speak_h2<S>(stream: S, client: Option<SocketAddr>, reception: &Arc<Reception>) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (room, audience) = (Arc::clone(&reception.room), reception.audience.clone());
    let streams = Streams::new(reception.write_idle, reception.gateway.given_up(), room, audience);
    let answering = Arc::clone(reception);
    let service = service_fn(move |request: Request<Incoming>| {
        let reception = Arc::clone(&answering);
        async move {
            let answering = in_place(|| reception.gateway.answer(request, reception.is_local_socket, client));
            Ok::<_, Infallible>(answering.await.map(Watched::new))
        }
    });
    let connection = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_LIST_LENGTH)
        .keep_alive_interval(Some(PING_EVERY))
        .keep_alive_timeout(PONG_WITHIN)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut audience = reception.audience.clone();
    tokio::select! {
        ended = connection.as_mut() => ended.map_err(Broken::from),
        // Here a request that is on its way is told apart from one that comes too late (RFC 9113 section 6.8).
        () = audience.until(Stage::LastRequests) => {
            connection.as_mut().graceful_shutdown();
            connection.await.map_err(Broken::from)
        }
        () = streams.rest(reception.idle) => {
            connection.as_mut().graceful_shutdown();
            // Until its client knows, a request may still come, and is answered to its end.
            let left = async {
                sleep(LEAVE).await;
                streams.rest(LEAVE).await;
            };
            tokio::select! {
                ended = connection.as_mut() => ended.map_err(Broken::from),
                // Whoever does not take its leave is left.
                () = left => Ok(()),
            }
        }
    }
}

/// 64 KiB for all headers of a request: a bearer token is 2 KiB at most, and a trace context adds little. Of lines hyper allows
/// 100, for which it needs no memory of its own with each request; browsers send 30, agents fewer.
const HEAD_LENGTH: usize = 64 * 1024;

/// The same for HTTP/2, where names and values are counted before they are compressed.
const HEAD_LIST_LENGTH: u32 = 64 * 1024;

/// 128 KiB of a connection's buffer: a head fits twice, and a large body moves in few steps.
const BUFFER: usize = 128 * 1024;

/// 256 requests at a time on one connection: a busy agent has a dozen, and each costs what a connection costs.
const STREAMS: u32 = 256;

/// 10 s for a handshake: a slow line needs two, and whoever says nothing holds a place.
const HANDSHAKE_TAKES_AT_MOST: Duration = Duration::from_secs(10);

/// 5 s for a client of HTTP/2 to take its leave: it has been told, and as long after the last request of its that came meanwhile.
const LEAVE: Duration = Duration::from_secs(5);

/// 30 s: an answer may be silent for long, so that a client that has gone is found out by asking.
const PING_EVERY: Duration = Duration::from_secs(30);

/// 20 s for the answer to that: lines that take longer carry no stream.
const PONG_WITHIN: Duration = Duration::from_secs(20);
