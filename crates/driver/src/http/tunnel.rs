//! A tunnel through a proxy (CONNECT, RFC 9110 section 9.3.6).

use std::io;

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{Method, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::broken::{Broken, in_words};
use super::proxy::Proxy;
use super::target::Target;

/// Asks the proxy for a tunnel to the target; nothing of the request that is meant for the target is written here, so
/// whatever goes wrong is a failure to connect.
pub(super) async fn tunnel<S>(stream: S, proxy: &Proxy, target: &Target) -> Result<S, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |words: String| Broken::unsent(format!("the proxy `{proxy}` {words}"));
    let request = connect_request(proxy, target).map_err(|error| failed(in_words(&error)))?;
    let (mut sender, connection) = http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|error| failed(format!("broke off: {}", in_words(&error))))?;
    let connection = connection.without_shutdown();
    let answer = sender.send_request(request);
    tokio::pin!(connection, answer);

    // The connection ends by itself at an error or at a 2xx, which turns it into a tunnel.
    let mut ended = None;
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut answer => break answer,
            parts = &mut connection, if ended.is_none() => ended = Some(parts),
        }
    };
    let answer = answer.map_err(|error| failed(format!("broke off: {}", in_words(&error))))?;
    if !answer.status().is_success() {
        return Err(failed(format!("refused: `{}`", answer.status())));
    }
    drop(answer);
    let parts = match ended {
        Some(parts) => parts,
        None => connection.await,
    };
    let parts = parts.map_err(|error| failed(format!("broke off: {}", in_words(&error))))?;
    if !parts.read_buf.is_empty() {
        let early = io::Error::from(io::ErrorKind::InvalidData);
        return Err(failed(format!("spoke before the target could: {early}")));
    }
    Ok(parts.io.into_inner())
}

fn connect_request(proxy: &Proxy, target: &Target) -> Result<Request<Empty<Bytes>>, http::Error> {
    let authority = target.to_string();
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(Uri::builder().authority(authority.as_str()).build()?)
        .header(HOST, authority);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    request.body(Empty::new())
}
