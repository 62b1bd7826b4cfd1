//! A bare relay over hyper: what passing on costs with this library when nothing of the product is done.
//!
//! It works as the gateway does: a runtime for each core, a client's connection on one thread to its end, and the provider's
//! connections kept by thread and polled by whoever waits for what they bring. It sets one fixed header, as the nginx beside it
//! does, and has no limits, no keys, no verdicts and no numbers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{Builder, available_parallelism};

use anyhow::Result;
use http::header::{AUTHORIZATION, CONNECTION, HOST};
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Handle};

use super::lane::{Lanes, Relayed};
use super::typed::Relaying;

/// Relays until the process is ended.
pub(crate) fn serve(wanted: &Relaying) -> Result<()> {
    let count = available_parallelism()?.get();
    let hands = (0..count).map(|number| Hand::new(number, wanted.to));
    let hands = hands.collect::<Result<Vec<_>>>()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(listen(wanted.listen, &hands))
}

/// One of the threads that serve.
struct Hand {
    runtime: Handle,
    lanes: Arc<Lanes>,
}

impl Hand {
    fn new(number: usize, provider: SocketAddr) -> Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let thread = Builder::new().name(format!("relay-{number}"));
        thread.spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        Ok(Self {
            runtime: handle,
            lanes: Arc::new(Lanes::to(provider)),
        })
    }
}

async fn listen(address: SocketAddr, hands: &[Hand]) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    #[expect(clippy::print_stdout, reason = "a development binary speaks to whoever runs it")]
    {
        println!("{}", serde_json::json!({"address": listener.local_addr()?.to_string()}));
    }
    for hand in hands.iter().cycle() {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (stream, lanes) = (stream.into_std()?, Arc::clone(&hand.lanes));
        hand.runtime.spawn(async move {
            // A client that goes is no fault.
            let _ = converse(stream, &lanes).await;
        });
    }
    Ok(())
}

async fn converse(stream: std::net::TcpStream, lanes: &Arc<Lanes>) -> Result<()> {
    let host = HeaderValue::try_from(lanes.provider().to_string())?;
    let service = service_fn(|request| relay(request, &host, lanes));
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(TcpStream::from_std(stream)?), service);
    Ok(connection.await?)
}

async fn relay(
    mut request: Request<Incoming>,
    host: &HeaderValue,
    lanes: &Arc<Lanes>,
) -> Result<Response<Relayed>, Box<dyn std::error::Error + Send + Sync>> {
    let headers = request.headers_mut();
    headers.remove(CONNECTION);
    headers.insert(HOST, host.clone());
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer fixed"));
    let lane = Lanes::take(lanes).await?;
    Ok(lane.send(request).await?)
}
