//! As many connections as the process may have open, whatever asks for them: nobody fails for want of a descriptor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::desk::Serving;
use super::upstream::leading_to;
use crate::scratch::Scratch;

/// How many files the gateway may have open: places for 96 requests.
const FILES: u32 = 256;
const PLACES: usize = 96;

/// A gateway that may have few files open, and the most requests that its provider had under way at once. Connections would
/// not do: of one that the gateway has ended the provider may hear only after the next one has come.
async fn limited() -> (Scratch, Serving, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (scratch, _) = leading_to(listener.local_addr().unwrap()).await;
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    tokio::spawn(async move {
        let under_way = Arc::new(AtomicUsize::new(0));
        while let Ok((mut stream, _)) = listener.accept().await {
            let (under_way, seen) = (Arc::clone(&under_way), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                while stream.read(&mut asked).await.is_ok_and(|length| length > 0) {
                    seen.fetch_max(under_way.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    // Long enough that requests which are let in together are under way together.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    under_way.fetch_sub(1, Ordering::Relaxed);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    });
    let serve = ["serve", "--json", "--listen", "127.0.0.1:0"];
    let gateway = Serving::spawn(scratch.with_files(FILES, &serve)).await;
    (scratch, gateway, most)
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a client of the gateway's, not a part of it")]
async fn many_requests_on_few_connections_wait_for_a_place_and_are_answered() {
    let (_scratch, gateway, most) = limited().await;
    let mut asked = JoinSet::new();
    for _ in 0..2 {
        let stream = TokioIo::new(gateway.connect().await);
        let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
        let (sender, connection) = shaken.unwrap();
        tokio::spawn(connection);
        for _ in 0..200 {
            let request = http::Request::get(gateway.url("/p/raw/responses/resp_1"));
            let request = request.body(Full::<Bytes>::default()).unwrap();
            let mut sender = sender.clone();
            asked.spawn(async move { sender.send_request(request).await.unwrap().status().as_u16() });
        }
    }
    let statuses = asked.join_all().await;
    let failed: Vec<_> = statuses.iter().filter(|status| **status != 200).collect();
    assert_eq!((statuses.len(), failed), (400, vec![]));
    let most = most.load(Ordering::Relaxed);
    assert!(most <= PLACES, "{most} requests under way at the provider");
    // Whoever comes afterwards is let in.
    assert_eq!(
        gateway
            .status("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .0,
        200
    );
}
