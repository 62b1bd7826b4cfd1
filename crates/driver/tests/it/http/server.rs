//! A TCP server of raw bytes: each test writes the other end by hand, and counts what it saw.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use evergrant_driver::http::{ExchangeLimits, Network, NetworkSettings, Pooled, PooledLimits, ResponseBody};
use evergrant_engine::provider::Hosts;
use evergrant_engine::secret::Secret;
use evergrant_engine::wire::Request;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A listener on loopback; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Hands each connection, with its number from 0, to the handler.
    pub(crate) async fn start<H, F>(handler: H) -> Self
    where
        H: Fn(TcpStream, usize) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(handler(stream, number));
            }
        });
        Self { address, connections }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }
}

/// An address that refuses connections.
pub(crate) async fn closed_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Reads up to the end of a message head, byte by byte, so that the body stays in the stream.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Reads a request of a known length; answers its head and its body.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let head = read_head(stream).await;
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

pub(crate) fn loopback() -> Hosts {
    Hosts::new(["127.0.0.1".to_owned(), "localhost".to_owned(), "[::1]".to_owned()])
}

pub(crate) fn direct() -> Network {
    Network::new(&NetworkSettings::default()).unwrap()
}

pub(crate) fn post(url: Url, body: &str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    Request {
        method: Method::POST,
        url,
        headers,
        body: Secret::new(body.as_bytes().to_vec()),
    }
}

pub(crate) type Pool = Pooled<Full<Bytes>>;

pub(crate) fn pool() -> Pool {
    Pooled::new(Arc::new(direct()))
}

/// A POST as the gateway hands it on: an absolute address and headers of its own.
pub(crate) fn inference(url: &Url, body: &str) -> http::Request<Full<Bytes>> {
    http::Request::post(url.as_str())
        .header("host", "to.be.replaced")
        .header("authorization", "Bearer t")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap()
}

pub(crate) async fn text(response: http::Response<ResponseBody>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

pub(crate) const POOLED: PooledLimits = PooledLimits {
    connect: Duration::from_secs(20),
    first_byte: Duration::from_secs(20),
};

/// Long enough that only a hang reaches them.
pub(crate) const LIMITS: ExchangeLimits = ExchangeLimits {
    connect: Duration::from_secs(20),
    total: Duration::from_secs(20),
};

/// For tests that wait for a limit on purpose.
pub(crate) const SHORT: Duration = Duration::from_millis(200);
