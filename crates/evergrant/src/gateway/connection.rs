//! One connection of a client: HTTP/1.1 within limits, until either side has had enough.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tracing::debug;

use super::listener::Stream;
use super::service::Gateway;

/// Answers the requests of a connection; once `stopped` says so, no more than the one under way.
pub(super) async fn converse(
    stream: Stream,
    gateway: Arc<Gateway>,
    is_local_socket: bool,
    stopped: watch::Receiver<bool>,
) {
    match stream {
        Stream::Tcp(stream) => speak(stream, gateway, is_local_socket, stopped).await,
        #[cfg(unix)]
        Stream::Unix(stream) => speak(stream, gateway, is_local_socket, stopped).await,
    }
}

async fn speak<S>(stream: S, gateway: Arc<Gateway>, is_local_socket: bool, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(gateway.answer(request, is_local_socket).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TAKES_AT_MOST)
        .max_headers(HEADERS)
        .max_header_size(HEAD_LENGTH)
        .max_buf_size(BUFFER)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = told(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a client's connection broke off");
    }
}

/// Waits until the gateway ends, or is gone.
async fn told(stopped: &mut watch::Receiver<bool>) -> bool {
    stopped.wait_for(|stopped| *stopped).await.is_ok()
}

/// 60 s for the head of a request, and for the time between two requests of one connection: longer than the clients in use
/// keep an idle connection, so that they are the ones to close it.
const HEAD_TAKES_AT_MOST: Duration = Duration::from_secs(60);

/// 128 header lines: browsers send 30, agents fewer.
const HEADERS: usize = 128;

/// 64 KiB for all headers of a request: a bearer token is 2 KiB at most, and a trace context adds little.
const HEAD_LENGTH: usize = 64 * 1024;

/// 128 KiB of a connection's buffer: a head fits twice, and a large body moves in few steps.
const BUFFER: usize = 128 * 1024;
