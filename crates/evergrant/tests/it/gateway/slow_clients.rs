//! Clients that take nothing of what they asked for, or say nothing more: none holds a provider or a place for ever.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::bytes::post;
use super::desk::Serving;
use super::numbers::Numbers;
use super::socket::PATIENCE;
use super::upstream::leading_to;
use crate::scratch::Scratch;

const QUESTION: &str = "{\"model\":\"raw-1\",\"messages\":[]}";

/// A gateway with these limits.
struct Limited {
    _scratch: Scratch,
    gateway: Serving,
    listener: TcpListener,
}

async fn limited(limits: &str) -> Limited {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (scratch, _) = leading_to(listener.local_addr().unwrap()).await;
    scratch.write("config.toml", limits);
    let gateway = Serving::start(&scratch, &["--listen", "127.0.0.1:0"]).await;
    Limited {
        _scratch: scratch,
        gateway,
        listener,
    }
}

/// A provider whose next answer has no end; done when nobody takes it any more.
fn endless(listener: TcpListener) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // What is said unasked is the answer to nothing.
        let mut asked = Vec::new();
        while !asked.ends_with(QUESTION.as_bytes()) {
            asked.push(stream.read_u8().await.unwrap());
        }
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
        while stream.write_all(&chunk).await.is_ok() {}
    })
}

#[expect(clippy::disallowed_methods, reason = "a client of the gateway's, not a part of it")]
async fn speak_h2(gateway: &Serving) -> (SendRequest<Full<Bytes>>, JoinHandle<()>) {
    let stream = TokioIo::new(gateway.connect().await);
    let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
    let (sender, connection) = shaken.unwrap();
    let ended = tokio::spawn(async move {
        let _ = connection.await;
    });
    (sender, ended)
}

fn request(gateway: &Serving, method: &str, path: &str, body: &'static str) -> http::Request<Full<Bytes>> {
    let request = http::Request::builder().method(method).uri(gateway.url(path));
    request.body(Full::new(Bytes::from(body))).unwrap()
}

#[tokio::test]
async fn who_reads_nothing_of_its_answer_is_given_up() {
    let Limited {
        _scratch,
        gateway,
        listener,
    } = limited("[serve]\nwrite_idle_secs = 1\n").await;
    let provider = endless(listener);
    let mut client = gateway.connect().await;
    let asked = post("/v1/chat/completions", QUESTION);
    client.write_all(asked.as_bytes()).await.unwrap();
    timeout(PATIENCE, provider)
        .await
        .expect("the provider is let go")
        .unwrap();
    // What is asked for the numbers is open and in flight itself; whoever is given up is counted a moment before it has gone.
    let alone = |numbers: &Numbers| {
        let open = ["evergrant_connections_open", "evergrant_requests_in_flight"];
        open.iter().all(|name| numbers.value(name) == 1.0)
    };
    let given_up = |numbers: &Numbers| numbers.value("evergrant_clients_given_up_total") == 1.0;
    Numbers::until(&gateway, |numbers| given_up(numbers) && alone(numbers)).await;
    let mut rest = Vec::new();
    // Ended amid the answer, in whatever way.
    let _ = client.read_to_end(&mut rest).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn over_http_2_it_is_its_own_answer_that_ends_and_no_other() {
    let Limited {
        _scratch,
        gateway,
        listener,
    } = limited("[serve]\nwrite_idle_secs = 1\n").await;
    let provider = endless(listener);
    let (mut sender, _ended) = speak_h2(&gateway).await;
    let asked = request(&gateway, "POST", "/v1/chat/completions", QUESTION);
    let unread = sender.send_request(asked).await.unwrap();
    assert_eq!(unread.status(), 200);
    timeout(PATIENCE, provider)
        .await
        .expect("the provider is let go")
        .unwrap();
    // The connection goes on.
    let health = sender.send_request(request(&gateway, "GET", "/healthz", ""));
    assert_eq!(health.await.unwrap().status(), 200);
    let given_up = |numbers: &Numbers| numbers.value("evergrant_clients_given_up_total") == 1.0;
    Numbers::until(&gateway, given_up).await;
    assert!(
        unread.into_body().collect().await.is_err(),
        "it is told that this was not all"
    );
}

#[tokio::test]
async fn a_connection_of_http_2_that_asks_nothing_more_ends() {
    let Limited { _scratch, gateway, .. } = limited("[serve]\nidle_secs = 1\n").await;
    let (mut sender, ended) = speak_h2(&gateway).await;
    for _ in 0..3 {
        let health = sender.send_request(request(&gateway, "GET", "/healthz", ""));
        assert_eq!(health.await.unwrap().status(), 200);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    timeout(PATIENCE, ended).await.expect("the end").unwrap();
    let none_left = |numbers: &Numbers| numbers.value("evergrant_connections_open") == 1.0;
    Numbers::until(&gateway, none_left).await;
}
