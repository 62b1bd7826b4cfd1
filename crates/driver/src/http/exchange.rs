//! The fresh exchange: one request on a connection of its own, for token, device, revocation and discovery endpoints.
//!
//! No pool, no redirect, no retry: what happened to the one request is told as it was.

use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use evergrant_engine::provider::Hosts;
use evergrant_engine::secret::Secret;
use evergrant_engine::wire::{Phase, REPLY_LIMIT, Reply, Request};
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderValue, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use url::Url;

use super::broken::{Broken, in_words};
use super::counted::{Counted, Gate, Written};
use super::network::Network;
use super::stream::Stream;
use super::target::Target;
use super::tls::Purpose;

/// How long an exchange may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeLimits {
    /// From the look-up of the name to the end of the TLS handshake.
    pub connect: Duration,
    /// From the first byte of the request to the last of the answer.
    pub total: Duration,
}

/// A connection on which nothing was written yet.
#[derive(Debug)]
pub struct Fresh {
    stream: Stream,
    target: Target,
}

impl Network {
    /// Connects to an address that `hosts` allows, within the limit; nothing of a request is written.
    pub async fn connect(&self, url: &Url, hosts: &Hosts, limit: Duration) -> Result<Fresh, Broken> {
        let target = Target::allowed(url, hosts)?;
        let stream = self.stream(&target, Purpose::Fresh, limit).await?;
        Ok(Fresh { stream, target })
    }

    /// Connects and exchanges, with nobody asked before the first byte.
    pub async fn exchange(&self, request: Request, hosts: &Hosts, limits: ExchangeLimits) -> Result<Reply, Broken> {
        let fresh = self.connect(&request.url, hosts, limits.connect).await?;
        fresh
            .exchange_through(Gate::<fn() -> bool>::Open, request, limits.total)
            .await
    }
}

#[cfg(feature = "courier")]
impl Network {
    /// The same at any address: for what holds nothing that belongs to a provider.
    pub(crate) async fn carry(&self, request: Request, limits: ExchangeLimits) -> Result<Reply, Broken> {
        let target = Target::of(&request.url)?;
        let stream = self.stream(&target, Purpose::Fresh, limits.connect).await?;
        let fresh = Fresh { stream, target };
        fresh
            .exchange_through(Gate::<fn() -> bool>::Open, request, limits.total)
            .await
    }
}

impl Fresh {
    /// Sends the request and reads its answer, within the limit.
    ///
    /// `before_first_byte` is called once, at the very write that would carry the first byte; if it answers `false`,
    /// nothing is written. Dropping the future closes the connection.
    pub async fn exchange(
        self,
        request: Request,
        before_first_byte: impl FnOnce() -> bool,
        total: Duration,
    ) -> Result<Reply, Broken> {
        let mut refused = false;
        let gate = Gate::Ask(|| {
            let agreed = before_first_byte();
            refused = !agreed;
            agreed
        });
        let outcome = self.exchange_through(gate, request, total).await;
        if refused { Err(Broken::given_up()) } else { outcome }
    }

    async fn exchange_through(
        self,
        gate: Gate<impl FnOnce() -> bool>,
        request: Request,
        total: Duration,
    ) -> Result<Reply, Broken> {
        let request = self.outgoing(request)?;
        let written = Written::default();
        let counted = Counted::new(self.stream, written.clone(), gate);
        let outcome = timeout(total, converse(counted, request)).await;
        // From here on the stream is gone: the count is final.
        let phase = if written.bytes() == 0 {
            Phase::Connect
        } else {
            Phase::Sent
        };
        match outcome {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(Broken::new(
                phase,
                format!("`{}` broke off: {}", self.target, in_words(&error)),
            )),
            Err(_) => {
                let what = format!("no complete answer from `{}`", self.target);
                Err(Broken::late(phase, &what, total))
            }
        }
    }

    fn outgoing(&self, request: Request) -> Result<http::Request<Full<Bytes>>, Broken> {
        if Target::of(&request.url)? != self.target {
            return Err(Broken::forbidden(format!(
                "the request is not meant for `{}`, to which the connection leads",
                self.target
            )));
        }
        let unusable = |error: &(dyn std::error::Error + 'static)| Broken::unsent(in_words(error));
        let path = match request.url.query() {
            Some(query) => PathAndQuery::try_from(format!("{}?{query}", request.url.path())),
            None => PathAndQuery::try_from(request.url.path()),
        };
        let path = path.map_err(|error| unusable(&error))?;
        let host = HeaderValue::try_from(self.target.host_header()).map_err(|error| unusable(&error))?;
        let mut outgoing = http::Request::new(Full::new(Bytes::from_owner(Payload(request.body))));
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = Uri::from(path);
        let mut given = request.headers;
        for framing in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING] {
            given.remove(framing);
        }
        let headers = outgoing.headers_mut();
        // First in the request, as RFC 9110 section 7.2 asks.
        headers.insert(HOST, host);
        headers.extend(given);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(outgoing)
    }
}

/// The body goes out from where it lies and is wiped when the last of it is sent.
struct Payload(Secret<Vec<u8>>);

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

async fn converse<G: FnOnce() -> bool>(
    counted: Counted<G>,
    request: http::Request<Full<Bytes>>,
) -> Result<Reply, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(counted)).await?;
    let answer = async {
        let answer = sender.send_request(request).await?;
        complete(answer).await
    };
    let (mut answer, mut connection) = (pin!(answer), pin!(connection));
    // The connection does the reading and writing; its own errors reach us through the answer.
    let mut ended = false;
    loop {
        tokio::select! {
            biased;
            reply = &mut answer => return reply,
            _ = &mut connection, if !ended => ended = true,
        }
    }
}

async fn complete(answer: Response<Incoming>) -> Result<Reply, hyper::Error> {
    let (head, mut body) = answer.into_parts();
    let mut kept = BytesMut::new();
    let mut truncated = false;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = REPLY_LIMIT - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            truncated = true;
            break;
        }
    }
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: kept.freeze(),
        truncated,
    })
}
