//! The fresh exchange, cut at every point: the phase says whether the other side can have acted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evergrant_driver::http::{Broken, ExchangeLimits};
use evergrant_engine::failure::Code;
use evergrant_engine::provider::Hosts;
use evergrant_engine::wire::{Phase, REPLY_LIMIT, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use super::server::{LIMITS, SHORT, Server, closed_address, direct, loopback, post, read_request};

/// Exchanges with a server that reads the request, writes these bytes and closes.
async fn answered(bytes: impl Into<Vec<u8>>) -> Result<Reply, Broken> {
    let bytes: Arc<[u8]> = bytes.into().into();
    let server = Server::start(move |mut stream, _| {
        let bytes = Arc::clone(&bytes);
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    direct()
        .exchange(post(server.url("/token"), "a=b"), &loopback(), LIMITS)
        .await
}

/// Exchanges with a server that behaves like this; also tells how often the gate was asked.
async fn gated<H, F>(handler: H) -> (Result<Reply, Broken>, usize)
where
    H: Fn(TcpStream, usize) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let server = Server::start(handler).await;
    let asked = AtomicUsize::new(0);
    let fresh = direct()
        .connect(&server.url("/"), &loopback(), LIMITS.connect)
        .await
        .unwrap();
    let gate = || {
        asked.fetch_add(1, Ordering::SeqCst);
        true
    };
    let outcome = fresh.exchange(post(server.url("/"), "a=b"), gate, LIMITS.total).await;
    assert_eq!(server.connections(), 1);
    (outcome, asked.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_whole_exchange_sends_exactly_these_bytes() {
    let (seen, mut requests) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let seen = seen.clone();
        async move {
            seen.send(read_request(&mut stream).await).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(answer).await.unwrap();
            // It stays open: the answer's end is known from its length.
            let _ = stream.read_u8().await;
        }
    })
    .await;
    let request = post(server.url("/oauth2/token?x=1"), "grant_type=refresh_token");
    // On a task of its own, as a renewal does it.
    let exchange = tokio::spawn(async move { direct().exchange(request, &loopback(), LIMITS).await });
    let reply = exchange.await.unwrap().unwrap();
    assert_eq!(
        (reply.status, &reply.body[..], reply.truncated),
        (200, &b"{}"[..], false)
    );
    assert_eq!(reply.headers["x-a"], "1");
    let (head, body) = requests.recv().await.unwrap();
    let expected = format!(
        "POST /oauth2/token?x=1 HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         accept-encoding: identity\r\ncontent-length: 24\r\n\r\n",
        server.address
    );
    assert_eq!((head, body.as_str()), (expected, "grant_type=refresh_token"));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_refused_connection_wrote_nothing() {
    let url = format!("http://{}/", closed_address().await).parse().unwrap();
    let broken = direct()
        .exchange(post(url, "a=b"), &loopback(), LIMITS)
        .await
        .unwrap_err();
    assert_eq!(broken.phase, Phase::Connect);
    assert!(!broken.timed_out && !broken.gave_up && !broken.not_allowed);
}

#[tokio::test]
async fn a_connection_that_nobody_accepts_ends_at_the_connect_limit() {
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let silent = silent.listen(1).unwrap();
    let address = silent.local_addr().unwrap();
    let mut backlog = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        backlog.push(stream.unwrap());
    }
    let limits = ExchangeLimits {
        connect: SHORT,
        ..LIMITS
    };
    let url = format!("http://{address}/").parse().unwrap();
    let broken = direct()
        .exchange(post(url, "a=b"), &loopback(), limits)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.timed_out), (Phase::Connect, true));
}

#[tokio::test]
async fn a_server_that_closes_at_once_is_blamed_for_what_was_written_and_no_more() {
    for _ in 0..50 {
        let (outcome, asked) = gated(|stream, _| async move { drop(stream) }).await;
        let broken = outcome.unwrap_err();
        assert_eq!(broken.phase == Phase::Sent, asked == 1, "{broken:?}, asked {asked}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_first_is_no_answer() {
    let speak = |mut stream: TcpStream, _| async move {
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        let _ = stream.read_u8().await;
    };
    let (outcome, asked) = gated(speak).await;
    assert_eq!(outcome.unwrap_err().phase == Phase::Sent, asked == 1);
}

#[tokio::test]
async fn a_request_of_which_a_part_was_read_is_sent() {
    let part = |mut stream: TcpStream, _| async move {
        let mut some = [0; 10];
        stream.read_exact(&mut some).await.unwrap();
    };
    let (outcome, asked) = gated(part).await;
    assert_eq!((outcome.unwrap_err().phase, asked), (Phase::Sent, 1));
}

#[tokio::test]
async fn an_answer_that_never_comes_is_sent_and_timed_out() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.read_u8().await;
    })
    .await;
    let limits = ExchangeLimits { total: SHORT, ..LIMITS };
    let broken = direct()
        .exchange(post(server.url("/"), "a=b"), &loopback(), limits)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.timed_out), (Phase::Sent, true));
}

#[tokio::test]
async fn an_answer_that_drips_ends_at_the_total_limit() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            .await
            .unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 20).await;
        }
    })
    .await;
    let limits = ExchangeLimits { total: SHORT, ..LIMITS };
    let broken = direct()
        .exchange(post(server.url("/"), "a=b"), &loopback(), limits)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.timed_out), (Phase::Sent, true));
}

#[tokio::test]
async fn an_answer_cut_anywhere_is_sent() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    for length in 0..whole.len() {
        let broken = answered(&whole.as_bytes()[..length]).await.unwrap_err();
        assert_eq!(
            (broken.phase, broken.timed_out),
            (Phase::Sent, false),
            "cut at {length}"
        );
    }
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    for length in 0..chunked.len() {
        let broken = answered(&chunked.as_bytes()[..length]).await.unwrap_err();
        assert_eq!(broken.phase, Phase::Sent, "cut at {length}");
    }
    assert_eq!(answered(chunked).await.unwrap().body, "{}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_sent() {
    for junk in [
        &b"\x15\x03\x01\x00\x02\x02\x50"[..],
        b"<html>",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        assert_eq!(answered(junk).await.unwrap_err().phase, Phase::Sent, "{junk:?}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection() {
    let reply = answered("HTTP/1.1 503 No\r\n\r\n<html>").await.unwrap();
    assert_eq!((reply.status, &reply.body[..]), (503, &b"<html>"[..]));
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let reply = answered(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    )
    .await
    .unwrap();
    assert_eq!(reply.status, 204);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Server::start(|_, _| async {}).await;
    let location = format!(
        "HTTP/1.1 307 T\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url("/")
    );
    let reply = answered(location).await.unwrap();
    assert_eq!((reply.status, elsewhere.connections()), (307, 0));
}

#[tokio::test]
async fn a_megabyte_of_junk_is_kept_up_to_the_limit() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1 << 20);
    let mut answer = head.into_bytes();
    answer.resize(answer.len() + (1 << 20), b'x');
    let reply = answered(answer).await.unwrap();
    assert_eq!((reply.body.len(), reply.truncated), (REPLY_LIMIT, true));

    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {REPLY_LIMIT}\r\n\r\n");
    let mut answer = head.into_bytes();
    answer.resize(answer.len() + REPLY_LIMIT, b'x');
    let reply = answered(answer).await.unwrap();
    assert_eq!((reply.body.len(), reply.truncated), (REPLY_LIMIT, false));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let mut answer = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    answer.resize(4 << 20, b'x');
    assert_eq!(answered(answer).await.unwrap_err().phase, Phase::Sent);
}

#[tokio::test]
async fn given_up_at_the_gate_the_server_sees_a_connection_without_a_byte() {
    let (seen, mut bytes) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let seen = seen.clone();
        async move {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            seen.send(all).unwrap();
        }
    })
    .await;
    let fresh = direct()
        .connect(&server.url("/"), &loopback(), LIMITS.connect)
        .await
        .unwrap();
    let broken = fresh
        .exchange(post(server.url("/"), "a=b"), || false, LIMITS.total)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.gave_up), (Phase::Connect, true));
    assert_eq!(bytes.recv().await.unwrap(), b"");
}

#[tokio::test]
async fn the_gate_is_asked_once_however_many_writes_there_are() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    })
    .await;
    let asked = AtomicUsize::new(0);
    let gate = || {
        asked.fetch_add(1, Ordering::SeqCst);
        true
    };
    let fresh = direct()
        .connect(&server.url("/"), &loopback(), LIMITS.connect)
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let request = post(server.url("/"), &"x".repeat(4 << 20));
    let reply = fresh.exchange(request, gate, LIMITS.total).await.unwrap();
    assert_eq!((reply.status, asked.load(Ordering::SeqCst)), (204, 1));
}

#[tokio::test]
async fn a_foreign_address_gets_no_connection() {
    let server = Server::start(|_, _| async {}).await;
    let hosts = Hosts::new(["x.ai".to_owned()]);
    let broken = direct()
        .exchange(post(server.url("/"), "a=b"), &hosts, LIMITS)
        .await
        .unwrap_err();
    assert_eq!(
        (broken.phase, broken.not_allowed, server.connections()),
        (Phase::Connect, true, 0)
    );
    assert_eq!(broken.into_failure("127.0.0.1").code, Code::RowInvalid);
}

#[tokio::test]
async fn a_connection_carries_no_request_for_another_address() {
    let server = Server::start(|_, _| async {}).await;
    let fresh = direct()
        .connect(&server.url("/"), &loopback(), LIMITS.connect)
        .await
        .unwrap();
    let other = "http://127.0.0.1:1/".parse().unwrap();
    let broken = fresh
        .exchange(post(other, "a=b"), || true, LIMITS.total)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.not_allowed), (Phase::Connect, true));
}

#[tokio::test]
async fn a_failure_names_the_host_and_what_to_check() {
    let url = format!("http://{}/", closed_address().await).parse().unwrap();
    let broken = direct()
        .exchange(post(url, "a=b"), &loopback(), LIMITS)
        .await
        .unwrap_err();
    let failure = broken.into_failure("auth.example");
    assert_eq!(failure.code, Code::Unreachable);
    assert!(failure.message.contains("auth.example"), "{failure}");
    assert_eq!(failure.remedy.unwrap().kind(), "check-network");
}
