//! The pool over HTTP/1.1: connections are kept, upgraded, swept and cancelled with their bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{panic, thread};

use evergrant_driver::http::{Network, NetworkSettings, Pooled};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::authority::Authority;
use super::server::{LIMITS, POOLED, Pool, Server, inference, loopback, pool, post, read_head, read_request, text};

/// Answers requests one after the other, each with its own body.
async fn echo(mut stream: TcpStream, _: usize) {
    loop {
        let head = read_head(&mut stream).await;
        if head.is_empty() {
            return;
        }
        let mut body = vec![0; content_length(&head)];
        stream.read_exact(&mut body).await.unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[answer.as_bytes(), &body].concat()).await.unwrap();
    }
}

fn content_length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    line.map_or(0, |length| length.parse().unwrap())
}

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let (server, pool) = (Server::start(echo).await, pool());
    for number in 0..100 {
        let body = format!("request {number}");
        let answer = pool
            .send(inference(&server.url("/v1"), &body), &loopback(), POOLED)
            .await
            .unwrap();
        assert_eq!(text(answer).await, body);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_clients_keep_about_sixty_four_connections() {
    let (server, pool) = (Server::start(echo).await, Arc::new(pool()));
    let url = server.url("/v1");
    let clients: Vec<_> = (0..64)
        .map(|client| {
            let (pool, url) = (Arc::clone(&pool), url.clone());
            tokio::spawn(async move {
                for number in 0..100 {
                    let body = format!("{client} {number}");
                    let answer = pool.send(inference(&url, &body), &loopback(), POOLED).await.unwrap();
                    assert_eq!(text(answer).await, body);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    // A few more where an answer was read before its connection had parked itself; not one per request.
    assert!(
        server.connections() <= 80,
        "{} connections for 6,400 requests",
        server.connections()
    );
}

#[tokio::test]
async fn a_request_goes_out_in_origin_form_with_its_headers_as_they_are() {
    let (seen, mut heads) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let seen = seen.clone();
        async move {
            seen.send(read_request(&mut stream).await.0).unwrap();
            stream
                .write_all(b"HTTP/1.1 307 T\r\nlocation: /else\r\ncontent-length: 0\r\n\r\n")
                .await
                .unwrap();
            let _ = stream.read_u8().await;
        }
    })
    .await;
    let request = inference(&server.url("/v1/chat?a=%20b"), "{}");
    let answer = pool().send(request, &loopback(), POOLED).await.unwrap();
    assert_eq!(answer.status(), 307);
    let expected = format!(
        "POST /v1/chat?a=%20b HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer t\r\ncontent-length: 2\r\n\r\n",
        server.address
    );
    assert_eq!(heads.recv().await.unwrap(), expected);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_never_share_a_connection() {
    let (server, pool) = (Server::start(echo).await, pool());
    let first = pool
        .send(inference(&server.url("/"), "one"), &loopback(), POOLED)
        .await
        .unwrap();
    let second = pool
        .send(inference(&server.url("/"), "two"), &loopback(), POOLED)
        .await
        .unwrap();
    assert_eq!(
        (text(second).await.as_str(), text(first).await.as_str()),
        ("two", "one")
    );
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_not_used_again() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        let _ = stream.read_u8().await;
    })
    .await;
    let pool = pool();
    for number in 1..5 {
        pool.send(inference(&server.url("/"), ""), &loopback(), POOLED)
            .await
            .unwrap();
        assert_eq!(server.connections(), number);
    }
}

#[tokio::test]
async fn a_connection_that_waited_too_long_is_not_used_again() {
    let (server, pool) = (Server::start(echo).await, pool());
    let ask = || async {
        text(
            pool.send(inference(&server.url("/"), "x"), &loopback(), POOLED)
                .await
                .unwrap(),
        )
        .await
    };
    ask().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(49)).await;
    tokio::time::resume();
    ask().await;
    assert_eq!(server.connections(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(51)).await;
    tokio::time::resume();
    ask().await;
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_pool_that_is_dropped_ends_its_connections() {
    let (ended, mut ends) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, number| {
        let ended = ended.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            assert!(stream.read_u8().await.is_err());
            ended.send(number).unwrap();
        }
    })
    .await;
    let pool = pool();
    pool.send(inference(&server.url("/"), ""), &loopback(), POOLED)
        .await
        .unwrap();
    drop(pool);
    assert_eq!(ends.recv().await, Some(0));
}

#[tokio::test]
async fn dropping_the_body_of_a_silent_stream_closes_it_upstream() {
    let (ended, mut ends) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let ended = ended.clone();
        async move {
            read_request(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
            stream.write_all(head).await.unwrap();
            let end = stream.read(&mut [0; 1]).await;
            ended.send(end.map_or(0, |length| length)).unwrap();
        }
    })
    .await;
    let pool = pool();
    let answer = pool
        .send(inference(&server.url("/"), ""), &loopback(), POOLED)
        .await
        .unwrap();
    let mut body = answer.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "hello");
    drop(body);
    assert_eq!(ends.recv().await, Some(0));
}

#[tokio::test]
async fn dropping_the_future_before_the_answer_closes_it_upstream() {
    let (seen, mut events) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let seen = seen.clone();
        async move {
            read_request(&mut stream).await;
            seen.send("asked").unwrap();
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
            seen.send("ended").unwrap();
        }
    })
    .await;
    let pool = Arc::new(pool());
    let request = inference(&server.url("/"), "x");
    let asking = tokio::spawn(async move { pool.send(request, &loopback(), POOLED).await.map(|_| ()) });
    assert_eq!(events.recv().await, Some("asked"));
    asking.abort();
    assert_eq!(events.recv().await, Some("ended"));
}

#[tokio::test]
async fn an_upgrade_carries_bytes_both_ways() {
    let panicked = panics_of_this_thread();
    let server = Server::start(|mut stream, _| async move {
        let head = read_head(&mut stream).await;
        assert!(
            head.contains("upgrade: websocket\r\n") && head.contains("connection: upgrade\r\n"),
            "{head}"
        );
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nfirst ";
        stream.write_all(answer).await.unwrap();
        let (mut reading, mut writing) = stream.split();
        let _ = tokio::io::copy(&mut reading, &mut writing).await;
    })
    .await;
    let mut request = inference(&server.url("/v1/realtime"), "");
    request.headers_mut().insert("connection", "upgrade".parse().unwrap());
    request.headers_mut().insert("upgrade", "websocket".parse().unwrap());
    let pool = pool();
    let answer = pool.send(request, &loopback(), POOLED).await.unwrap();
    assert_eq!(answer.status(), 101);
    let mut socket = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    socket.write_all(b"second").await.unwrap();
    let mut echoed = [0; 12];
    socket.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"first second");
    assert!(!panicked.load(Ordering::SeqCst), "a task of the connection's panicked");
}

/// Whether anything panics on this thread, the tasks of its runtime among it, which would not be seen otherwise.
fn panics_of_this_thread() -> Arc<AtomicBool> {
    let (seen, here) = (Arc::new(AtomicBool::new(false)), thread::current().id());
    let (told, before) = (Arc::clone(&seen), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == here {
            told.store(true, Ordering::SeqCst);
        }
        before(info);
    }));
    seen
}

#[tokio::test]
async fn a_refused_upgrade_leaves_the_connection_to_others() {
    let server = Server::start(|mut stream, _| async move {
        while !read_head(&mut stream).await.is_empty() {
            stream
                .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
                .await
                .unwrap();
        }
    })
    .await;
    let pool = pool();
    for _ in 0..2 {
        let mut request = inference(&server.url("/"), "");
        request.headers_mut().insert("connection", "upgrade".parse().unwrap());
        request.headers_mut().insert("upgrade", "websocket".parse().unwrap());
        let answer = pool.send(request, &loopback(), POOLED).await.unwrap();
        assert_eq!((answer.status().as_u16(), text(answer).await.as_str()), (403, "no"));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_pool_goes_through_the_proxy_too() {
    let server = Server::start(echo).await;
    let target = server.address;
    let proxy = Server::start(move |mut client, _| async move {
        assert!(read_head(&mut client).await.starts_with(&format!("CONNECT {target} ")));
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut upstream = TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
    })
    .await;
    let settings = NetworkSettings {
        http_proxy: Some(proxy.address.to_string()),
        ..NetworkSettings::default()
    };
    let pool: Pool = Pooled::new(Arc::new(Network::new(&settings).unwrap()));
    for _ in 0..2 {
        let answer = pool
            .send(inference(&server.url("/"), "x"), &loopback(), POOLED)
            .await
            .unwrap();
        assert_eq!(text(answer).await, "x");
    }
    assert_eq!((proxy.connections(), server.connections()), (1, 1));
}

#[tokio::test]
async fn the_pool_resumes_tls_sessions_and_the_fresh_exchange_does_not() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("127.0.0.1", &["http/1.1"]);
    let (seen, mut kinds) = mpsc::unbounded_channel();
    let server = Server::start(move |stream, _| {
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            seen.send(stream.get_ref().1.handshake_kind().unwrap()).unwrap();
            read_request(&mut stream).await;
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            let _ = stream.read_u8().await;
        }
    })
    .await;
    let network = Arc::new(authority.network());
    let pool: Pool = Pooled::new(Arc::clone(&network));
    let url: url::Url = format!("https://{}/", server.address).parse().unwrap();
    for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
        pool.send(inference(&url, ""), &loopback(), POOLED).await.unwrap();
        assert_eq!(kinds.recv().await, Some(expected));
    }
    for _ in 0..2 {
        network
            .exchange(post(url.clone(), "a=b"), &loopback(), LIMITS)
            .await
            .unwrap();
        assert_eq!(kinds.recv().await, Some(HandshakeKind::Full));
    }
}
